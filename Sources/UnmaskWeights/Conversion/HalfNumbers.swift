/// Numbers kept in half the room, as float16: rounded to nearest even.
package enum HalfNumbers {
    /// The largest number that stays finite.
    package static let greatest: Float = 65504

    package static func narrowed(_ numbers: [Float]) -> [UInt16] {
        numbers.map { FloatBits.half(float32: $0.bitPattern) }
    }

    package static func widened(_ halves: [UInt16]) -> [Float] {
        halves.map { Float(bitPattern: FloatBits.float32(half: $0)) }
    }

    /// Widens `count` numbers.
    package static func widen(_ halves: UnsafePointer<UInt16>, into numbers: UnsafeMutablePointer<Float>, count: Int) {
        for index in 0..<count { numbers[index] = Float(bitPattern: FloatBits.float32(half: halves[index])) }
    }
}
