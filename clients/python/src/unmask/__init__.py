"""Client of an Unmask server: images in, numpy out.

    import unmask

    with unmask.Client() as client:
        vectors = client.embed(["cat.jpg", "dog.jpg"], pooling="mean").array()

Where no server runs, `local` starts one for a block:

    with unmask.local("vit.safetensors") as client:
        vectors = client.embed("photos/").array()

`Client` blocks, `AsyncClient` is for asyncio; both have the same methods, and both keep as many requests in flight over
one connection as they are asked for.
"""

from ._address import Address, TCPAddress, UnixAddress, default_address
from ._errors import (
    CallTimeout,
    Cancelled,
    ConnectionFailed,
    DeadlineExceeded,
    ImageDecodeFailed,
    ImageError,
    ImageNotFound,
    ImageTooLarge,
    ImageTruncated,
    ImageUnsupported,
    InternalError,
    InvalidParams,
    InvalidRequest,
    LineTooLong,
    ModelNotFound,
    Overloaded,
    ParseError,
    PathNotAllowed,
    RowNotFound,
    ImageChanged,
    PayloadTooLarge,
    ProtocolError,
    ServerFailed,
    ServiceError,
    ShuttingDown,
    Unauthorized,
    UnknownMethod,
    UnmaskError,
)
from ._images import ImageLike, ImagesLike, ServerPath, images_in
from ._local import local
from ._results import (
    Classes,
    ClassShare,
    Comparison,
    Embeddings,
    ItemResults,
    Label,
    Addition,
    Additions,
    Neighbour,
    Neighbours,
    Reconstruction,
    Reconstructions,
    Score,
    Scores,
    Segmentation,
    Segmentations,
)
from ._retry import RetryPolicy
from ._wire import Reply
from .aio import AsyncClient
from .client import Client, PendingReply

__all__ = [
    "Address",
    "AsyncClient",
    "CallTimeout",
    "Cancelled",
    "ClassShare",
    "Classes",
    "Client",
    "Comparison",
    "ConnectionFailed",
    "DeadlineExceeded",
    "Embeddings",
    "ImageDecodeFailed",
    "ImageError",
    "ImageLike",
    "ImageNotFound",
    "ImageTooLarge",
    "ImageTruncated",
    "ImageUnsupported",
    "ImagesLike",
    "InternalError",
    "InvalidParams",
    "InvalidRequest",
    "ItemResults",
    "Label",
    "LineTooLong",
    "ModelNotFound",
    "Addition",
    "Additions",
    "Neighbour",
    "Neighbours",
    "Overloaded",
    "ParseError",
    "PathNotAllowed",
    "RowNotFound",
    "ImageChanged",
    "PayloadTooLarge",
    "PendingReply",
    "ProtocolError",
    "Reconstruction",
    "Reconstructions",
    "Reply",
    "RetryPolicy",
    "Score",
    "Scores",
    "Segmentation",
    "Segmentations",
    "ServerFailed",
    "ServerPath",
    "ServiceError",
    "ShuttingDown",
    "TCPAddress",
    "Unauthorized",
    "UnixAddress",
    "UnknownMethod",
    "UnmaskError",
    "default_address",
    "images_in",
    "local",
]

__version__ = "0.1.0"
