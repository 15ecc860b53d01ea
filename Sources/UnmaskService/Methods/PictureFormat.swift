import NIOCore
import UnmaskImage

/// What a picture is written as.
enum PictureFormat: String, CaseIterable {
    case png
    /// One byte a sample, row-major, channels interleaved.
    case pixels

    func bytes(of image: PixelImage) throws(ServiceError) -> ByteBuffer {
        try bytes(image.pixels) { () throws(ImageWriteError) in try image.pngData() }
    }

    /// A PNG has a palette, whose indices are the numbers.
    func bytes(of map: LabelMap) throws(ServiceError) -> ByteBuffer {
        try bytes(map.numbers) { () throws(ImageWriteError) in try map.pngData() }
    }

    private func bytes(
        _ samples: [UInt8], png: () throws(ImageWriteError) -> [UInt8]
    ) throws(ServiceError) -> ByteBuffer {
        guard self == .png else { return ByteBuffer(bytes: samples) }
        do throws(ImageWriteError) {
            return ByteBuffer(bytes: try png())
        } catch {
            throw ServiceError(.internal, error.description)
        }
    }
}
