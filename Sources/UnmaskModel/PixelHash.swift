public import UnmaskImage

extension PixelImage {
    /// SHA-256 of the pixels with their height, width and channels, 64 hexadecimal digits: what an image is, whatever file
    /// it comes in.
    public var contentHash: String {
        var digest = Digest()
        digest.update("\(height) \(width) \(channels) ")
        pixels.withUnsafeBytes { digest.update($0) }
        return digest.digits()
    }
}
