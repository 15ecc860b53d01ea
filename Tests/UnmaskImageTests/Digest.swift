import UnmaskImage

/// FNV-1a over little-endian 64-bit words, the last one padded with zeros; as Tests/Oracles/images/digest.py has it.
func digest(_ bytes: [UInt8]) -> String {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    bytes.withUnsafeBytes { bytes in
        func mix(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01b3 }
        let whole = bytes.count / 8 * 8
        for offset in stride(from: 0, to: whole, by: 8) {
            mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        if whole < bytes.count { mix(bytes[whole...].reversed().reduce(0) { $0 << 8 | UInt64($1) }) }
    }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

extension PixelImage {
    var digestText: String { "\(width)x\(height)x\(channels):\(digest(pixels))" }
}
