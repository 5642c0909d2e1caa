"""What people have put into pages that were not theirs. Each would call ``ran()`` if it ran as a script."""

SCRIPTS = (
    "<script>ran(1)</script>",
    "</script><script>ran(2)</script>",
    "<img src=x onerror=ran(3)>",
    "<svg/onload=ran(4)>",
    '"><img src=x onerror=ran(5)>',
    "' autofocus onfocus=ran(6) x='",
    "<iframe srcdoc='<script>parent.ran(7)</script>'></iframe>",
    "<a href='javascript:ran(8)'>x</a>",
    "[x](javascript:ran(9))",
    "[x](java\tscript:ran(10))",
    "[x](&#106;avascript:ran(11))",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9InJhbigxMikiLz4=)",
    '![" onerror="ran(13)](https://a.example/c.png)',
    "<details open ontoggle=ran(14)>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=ran(15)&gt;'>",
    "<template><script>ran(16)</script></template>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:ran(17)'>",
    "<form action='javascript:ran(18)'><button autofocus>x</button></form>",
    "<style>@import 'https://evil.example/x.css'; * { background: url(https://evil.example/y) }</style>",
    "${ran(19)} {{constructor.constructor('ran(20)')()}}",
    "\u202e<script>ran(21)</script>",
    "<x-y onpointerenter=ran(22) style='position:fixed;inset:0'>",
)
TEXT = "\n\n".join(SCRIPTS)
NAME = "<img src=x onerror=ran(30)>\"'><script>ran(31)</script>"
"""For what has one line."""
