"""Carrying requests over the network; each module rests on one HTTP library."""

import urllib3

# requests admits 1 and 2; 1 lacks what is used here, and this is the mark of 2.
if not hasattr(urllib3, "BaseHTTPResponse"):
    raise ImportError('clicksoap needs urllib3 2, which requests uses: pip install --upgrade "urllib3>=2"')
