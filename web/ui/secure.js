/** What a plain HTTP address lacks, and the one command that adds it. */

import { html } from "../lib/html.js";

export const whatHttpsAdds = () => html`<p>chat, copying and keys work on plain http. https adds:</p>
  <ul class="plain"><li>the app on the home screen, opening at once and offline</li>
    <li>a notification when a reply ends</li><li>nobody on the way can read along</li></ul>
  <p>one command on the server adds it:</p>
  <p class="command" tabindex="0"><code>docker compose -f docker-compose.vps.yml up -d</code></p>`;
