internal import CUnmaskDecoding

/// A decoder whose library gives the whole image at once, in three samples a pixel or four: red, green, blue and, if there
/// is any, alpha, which is composited over white.
protocol WholeImageDecoder: ImageDecoder {
    var library: LibraryDecoder { get }
    var hasAlpha: Bool { get }

    /// Has the library write all samples.
    func decodeSamples(into samples: UnsafeMutablePointer<UInt8>?) -> unmask_decoding_status
}

extension WholeImageDecoder {
    var channels: Int { 3 }
    var bytesPerPixel: Int { hasAlpha ? 4 : 3 }
    var rows: (any RowSource)? { nil }
    var hasMetadataBehindImage: Bool { false }

    func close() { library.close() }

    func decode(channels wanted: Int) throws(ImageError) -> Raster {
        let memory = library.watch.memory
        let buffer = try memory.buffer(width * height * bytesPerPixel)
        try buffer.withBytes { samples throws(ImageError) in
            try library.check(decodeSamples(into: samples.baseAddress))
            if hasAlpha { compositeOverWhite(samples, pixels: width * height) }
        }
        let raster = Raster(width: width, height: height, channels: 3, buffer)
        return wanted < raster.channels ? try raster.gray(memory) : raster
    }
}
