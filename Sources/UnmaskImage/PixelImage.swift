/// An upright image: `pixels` is `[height, width, channels]`, 8 bits a sample; gray where there is one channel, RGB
/// where there are three. Decoding gives these two; a model of other channels takes what its caller made.
public struct PixelImage: Sendable, Equatable {
    public let width: Int
    public let height: Int
    public let channels: Int
    public let pixels: [UInt8]

    /// `pixels` must fill the shape.
    public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(
            width > 0 && height > 0 && channels > 0 && pixels.count == width * height * channels,
            "\(pixels.count) bytes do not fill \(height) × \(width) × \(channels)")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// Lets `fill` write every pixel; `capacity` bytes are uninitialised before.
    init(
        width: Int, height: Int, channels: Int, filledBy fill: (UnsafeMutableBufferPointer<UInt8>) -> Void
    ) {
        let count = width * height * channels
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
        self.init(width: width, height: height, channels: channels, pixels: pixels)
    }
}
