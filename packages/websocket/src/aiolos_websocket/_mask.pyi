from .pymask import Gather as Gather
from .pymask import frame as frame
from .pymask import mask as mask
from .pymask import unmask as unmask
