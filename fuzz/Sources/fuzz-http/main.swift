import FuzzStream
import FuzzSupport
import NIOCore
import NIOEmbedded
import UnmaskService

/// What a stream is answered: everything that was written, and whether the connection is still open.
private func answers(to pieces: [ByteBuffer]) -> (text: String, isOpen: Bool) {
    let channel = EmbeddedChannel()
    do {
        try UntrustedBytes.serveHTTP(on: channel)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    } catch {
        fatalError("\(error)")
    }
    for piece in pieces where channel.isActive {
        // What fails here is the connection's; what it was answered is looked at below.
        _ = try? channel.writeInbound(piece)
        channel.embeddedEventLoop.run()
    }
    var text = ""
    while let bytes = try? channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
    let isOpen = channel.isActive
    // A close that waits for the rest of a body waits for the time that it has, which nobody else moves on.
    channel.close(promise: nil)
    channel.embeddedEventLoop.advanceTime(by: .seconds(5))
    _ = try? channel.finish(acceptAlreadyClosed: true)
    return (text, isOpen)
}

/// The numbers of the requests that were answered, in the order of the answers.
private func numbers(_ text: String) -> [Int] {
    text.split(separator: "\r\n").compactMap { $0.hasPrefix("x-number: ") ? Int($0.dropFirst(10)) : nil }
}

// Each request is answered once and in order, the same however the stream is cut, and nothing follows a close.
fuzz { bytes, count in
    guard let stream = Stream(bytes, count) else { return 0 }
    let (sliced, whole) = (answers(to: stream.pieces), answers(to: [stream.whole]))
    let order = numbers(sliced.text)
    precondition(order == Array(1..<(order.count + 1)), "\(order)")
    precondition(order == numbers(whole.text), "\(sliced)\n\(whole)")
    precondition(sliced.isOpen == whole.isOpen, "\(sliced)\n\(whole)")
    return 0
}
