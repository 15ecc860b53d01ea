import UnmaskHeads
import UnmaskModel

extension ModelOptions {
    /// The model ready to give what a head reads.
    ///
    /// Throws where the head was fitted on other vectors, with what differs.
    /// - Parameter name: the head's file.
    func session(for head: Head, named name: String) throws -> ModelSession {
        let session = try session { _ in .embed(head.stamp.pooling) }
        try head.requireFit(for: session.stamp(of: head.embedding), name: name)
        return session
    }
}
