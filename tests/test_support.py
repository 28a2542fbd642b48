"""What PyTorch is said not to support: exactly what is listed here, so that an adapter that declines what it can do is noticed."""

from suite.opening import open_session
from suite.settings import Settings
from suite.verdicts import judge
