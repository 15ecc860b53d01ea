import FuzzStream
import FuzzSupport
import UnmaskService

// However a stream is cut, it holds the same requests.
fuzz { bytes, count in
    guard let stream = Stream(bytes, count) else { return 0 }
    precondition(UntrustedBytes.requests(in: stream.pieces) == UntrustedBytes.requests(in: [stream.whole]))
    return 0
}
