"""Property tests here are not timed: the first example also pays for what is imported when first needed."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
