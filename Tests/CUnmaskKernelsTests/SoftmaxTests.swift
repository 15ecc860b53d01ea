import CUnmaskKernels
import Testing

@Suite struct SoftmaxTests {
    @Test(arguments: ISA.available)
    func equalsDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa)
        for width in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 97, 197] {
            var random = Random(UInt64(width))
            let x = GuardedBuffer(random.floats(6 * width, scale: 12))
            let y = GuardedBuffer<Float>(count: 6 * width)
            unmask_f32_softmax(engine.handle, 6, width, x.base, width, y.base, width)
            for r in 0..<6 {
                let row = x.elements[r * width..<(r + 1) * width].map(Double.init)
                let found = y.elements[r * width..<(r + 1) * width]
                // x - max is rounded at up to 24, which exp magnifies as much; exp and the sum err by some more.
                let slack = (2 * 24 + Double(width) + 8) * roundoff
                expectClose(
                    found, Reference.softmax(row).map { Expected(value: $0, tolerance: slack * $0) }, "width \(width)")
                #expect(abs(found.reduce(0) { $0 + Double($1) } - 1) < slack)
            }
        }
    }

    @Test(arguments: ISA.available)
    func extremesAreSafe(isa: ISA) throws {
        let engine = try Engine(isa)
        func softmax(_ x: [Float]) -> [Float] {
            var y = x
            unmask_f32_softmax(engine.handle, 1, x.count, x, x.count, &y, x.count)
            return y
        }
        let rest = [Float](repeating: -.infinity, count: 20)
        expectSameBits(softmax([3e38, -3e38] + rest), [1, 0] + [Float](repeating: 0, count: 20))
        expectSameBits(softmax([7, -.infinity, 7] + rest), [0.5, 0, 0.5] + [Float](repeating: 0, count: 20))
        #expect(softmax([1, 2, .nan] + rest).allSatisfy { $0.isNaN }, "NaN must not be lost")
        #expect(abs(softmax([-120, -120.5]).reduce(0, +) - 1) < 1e-6)
        let far = softmax([0, -80])
        #expect(far[1] > 0 && abs(Double(far[1]) / 1.8048513878454153e-35 - 1) < 1e-5)
    }
}
