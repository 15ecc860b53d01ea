/// The runs of a compressed BMP (RLE8, RLE4), as Pillow's decoder takes them: pixels follow one another through the rows
/// in the order of the file; where a run is longer than its row, the rest of it is dropped.
struct BMPRuns {
    let width: Int
    let height: Int
    /// 8 or 4.
    let bits: Int

    /// Writes the indices of all rows, `[height, width]`, in the order of the file.
    ///
    /// - Parameter offset: of the first run in the file.
    func decode(
        _ encoded: UnsafeBufferPointer<UInt8>, from offset: Int, into indices: UnsafeMutableBufferPointer<UInt8>,
        _ watch: DecodeWatch
    ) throws(ImageError) {
        let count = width * height
        var place = offset
        var filled = 0
        // How far the present row is, by the runs' own account.
        var x = 0

        func append(_ index: UInt8) {
            guard filled < count else { return }
            indices[filled] = index
            filled += 1
        }

        decoding: while filled < count, place + 2 <= encoded.count {
            let (first, second) = (Int(encoded[place]), encoded[place + 1])
            place += 2
            try watch.pass(samples: max(first, 2))
            switch (first, second) {
            case (0, 0):
                while filled % width != 0 { append(0) }
                x = 0
            case (0, 1):
                break decoding
            case (0, 2):
                guard place + 2 <= encoded.count else { break decoding }
                let skipped = Int(encoded[place]) + Int(encoded[place + 1]) * width
                place += 2
                try watch.pass(samples: min(skipped, count - filled))
                for _ in 0..<min(skipped, count - filled) { append(0) }
                x = filled % width
            case (0, _):
                let wanted = min(count - filled, Int(second))
                let bytes = bits == 4 ? (wanted + 1) / 2 : wanted
                guard place + bytes <= encoded.count else { break decoding }
                for i in 0..<wanted { append(index(i, of: encoded[place + (bits == 4 ? i / 2 : i)])) }
                place += bytes
                x += Int(second)
                // Runs begin at even places of the file.
                place += place % 2
            default:
                let length = min(first, max(0, width - x))
                for i in 0..<length { append(index(i, of: second)) }
                x += length
            }
        }
        guard filled == count else {
            throw .cutShort(.bmp, "its runs give \(filled) of \(count) pixels")
        }
    }

    /// The i-th pixel of a run: of two in a byte the first is in the high bits.
    private func index(_ i: Int, of byte: UInt8) -> UInt8 {
        bits == 8 ? byte : i % 2 == 0 ? byte >> 4 : byte & 0x0F
    }
}
