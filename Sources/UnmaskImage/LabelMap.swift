/// Of each pixel of an upright image a number, such as its class: `numbers` is `[height, width]`.
public struct LabelMap: Sendable, Equatable {
    public let width: Int
    public let height: Int
    public let numbers: [UInt8]

    /// `numbers` must fill the shape.
    public init(width: Int, height: Int, numbers: [UInt8]) {
        precondition(
            width > 0 && height > 0 && numbers.count == width * height,
            "\(numbers.count) numbers do not fill \(height) × \(width)")
        (self.width, self.height, self.numbers) = (width, height, numbers)
    }

    /// Reads a PNG whose pixels are numbers: a palette's indices, or grays of up to 8 bits, neither scaled nor coloured.
    ///
    /// - Throws: for other images, with what they are.
    public init(png encoded: [UInt8], limits: ImageLimits = .standard) throws(ImageError) {
        self = try withBytes(of: encoded) { bytes throws(ImageError) in
            let watch = DecodeWatch(.standard, limits)
            try limits.check(byteCount: bytes.count)
            guard case .png = try ImageFormat(bytes) else {
                throw ImageError(.unsupported, "expected a PNG: other formats do not keep a pixel's number")
            }
            let decoder = try PNGDecoder(bytes.bindMemory(to: UInt8.self), watch, areNumbers: true)
            return try watch.memory.holding(decoder.wholeBytes, watch) { () throws(ImageError) in
                defer { decoder.close() }
                let image = PixelImage(try decoder.decode(channels: 1))
                return LabelMap(width: image.width, height: image.height, numbers: image.pixels)
            }
        }
    }

    /// The numbers of the pixels of those rows and columns, row by row; nil where either is.
    public func numbers(rows: [Int?], columns: [Int?]) -> [UInt8?] {
        rows.flatMap { row in
            columns.map { column in
                if let row, let column { numbers[row * width + column] } else { nil }
            }
        }
    }

    /// The color that a number is shown in, R, G, B: as PASCAL VOC has it, its bits dealt out to the channels from the highest
    /// down. 0 is black, 255 nearly white.
    public static func color(of number: UInt8) -> [UInt8] {
        var color: [UInt8] = [0, 0, 0]
        var rest = number
        for place in (0..<8).reversed() {
            for channel in 0..<3 { color[channel] |= (rest >> UInt8(channel) & 1) << UInt8(place) }
            rest >>= 3
        }
        return color
    }

    /// The image with every pixel's color laid over it, but for those of number 0 and of `ignored`.
    /// - Parameters:
    ///   - image: of this size, RGB or gray.
    ///   - opacity: 0 shows the image alone, 1 the colors.
    public func overlaid(on image: PixelImage, opacity: Double, ignored: UInt8) -> PixelImage {
        precondition(image.width == width && image.height == height, "the map is of another size than the image")
        let colors = (0..<256).map { Self.color(of: UInt8($0)) }
        return PixelImage(width: width, height: height, channels: 3) { output in
            for (index, number) in numbers.enumerated() {
                for channel in 0..<3 {
                    let sample = image.pixels[index * image.channels + (image.channels == 3 ? channel : 0)]
                    guard number != 0, number != ignored else {
                        output[3 * index + channel] = sample
                        continue
                    }
                    let mixed = (1 - opacity) * Double(sample) + opacity * Double(colors[Int(number)][channel])
                    output[3 * index + channel] = UInt8(mixed.rounded())
                }
            }
        }
    }
}
