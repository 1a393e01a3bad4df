from .pybypass import descriptor_of as descriptor_of
from .pybypass import send as send
