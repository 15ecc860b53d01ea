import Testing
import UnmaskGraph

@testable import UnmaskWeights

/// Conversions against torch, NumPy, and the Swift standard library's float16.
@Suite struct FloatConversionTests {
    private func convert(_ source: [UInt8], _ from: ElementType, _ to: ElementType) -> [UInt8] {
        let count = source.count / from.byteCount
        return [UInt8](unsafeUninitializedCapacity: count * to.byteCount) { target, initialized in
            source.withUnsafeBytes {
                _ = FloatConversion.convert($0, from: from, into: UnsafeMutableRawBufferPointer(target), to: to)
            }
            initialized = count * to.byteCount
        }
    }

    private func halves(_ bytes: [UInt8]) -> [UInt16] {
        bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
    }

    /// Equal bits, or both NaN: which NaN differs from library to library.
    private func agree(_ a: UInt16, _ b: UInt16, infinity: UInt16) -> Bool {
        a == b || (a & 0x7FFF > infinity && b & 0x7FFF > infinity)
    }

    @Test(arguments: [("f32", "f16"), ("f32", "bf16"), ("f64", "f16")])
    func narrowingIsThatOfTheOracle(from: String, to: String) throws {
        let source = try #require(ElementType(rawValue: from))
        let target = try #require(ElementType(rawValue: to))
        let found = halves(convert(try Fixture.bytes("conversion/\(from).bin"), source, target))
        let expected = try Fixture.numbers("conversion/\(from)-to-\(to).bin", as: UInt16.self)
        try #require(found.count == expected.count && found.count > 500)
        let infinity: UInt16 = target == .f16 ? 0x7C00 : 0x7F80
        let differing = zip(found, expected).filter { !agree($0, $1, infinity: infinity) }
        #expect(differing.isEmpty, "\(differing.prefix(5))")
    }

    @Test func doublesBecomeFloatsAsInNumPy() throws {
        let found = convert(try Fixture.bytes("conversion/f64.bin"), .f64, .f32)
        let expected = try Fixture.bytes("conversion/f64-to-f32.bin")
        let pairs = zip(
            found.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) },
            expected.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) })
        #expect(pairs.allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) })
    }

    @Test func everyHalfIsItselfAgain() {
        for bits in UInt16.min ... .max {
            let widened = FloatBits.float32(half: bits)
            let reference = Float(Float16(bitPattern: bits))
            guard reference.isNaN ? Float(bitPattern: widened).isNaN : widened == reference.bitPattern else {
                Issue.record("float16 \(bits) widens to \(widened), expected \(reference.bitPattern)")
                return
            }
            let again = FloatBits.half(float32: widened)
            let quiet = reference.isNaN ? bits | 0x200 : bits
            guard again == quiet else {
                Issue.record("float16 \(bits) becomes \(again)")
                return
            }
        }
    }

    @Test func narrowingIsThatOfTheStandardLibrary() {
        var generator = SplitMix64(state: 20_260_101)
        for _ in 0..<200_000 {
            // Of random bits few fall into float16's range: its exponents, and a few more, are drawn alone.
            let exponent = UInt32(generator.next() % 48) + 96
            let bits = UInt32(truncatingIfNeeded: generator.next()) & 0x807F_FFFF | exponent << 23
            let expected = Float16(Float(bitPattern: bits)).bitPattern
            guard FloatBits.half(float32: bits) == expected else {
                Issue.record("float32 \(bits) becomes \(FloatBits.half(float32: bits)), expected \(expected)")
                return
            }
        }
    }

    @Test func roundingToOddThenToBrainFloatRoundsOnce() {
        // Just above a tie, which float32 would round onto it and bfloat16 then down.
        let above = 1 + 0x1p-8 + 0x1p-40
        let below = 1 + 0x1p-8 + 0x1p-7 - 0x1p-40
        let bytes = [above, below, -above].withUnsafeBytes { Array($0) }
        #expect(halves(convert(bytes, .f64, .bf16)) == [0x3F81, 0x3F81, 0xBF81])
    }

    @Test func wideningIsExact() throws {
        let values: [UInt16] = [0x3C00, 0x0001, 0x8000, 0x7BFF, 0xFC00]
        let bytes = values.withUnsafeBytes { Array($0) }
        for type in [ElementType.f16, .bf16] {
            let single = convert(bytes, type, .f32)
            #expect(convert(single, .f32, .f64) == convert(bytes, type, .f64))
            #expect(halves(convert(single, .f32, type)) == values)
        }
    }
}
