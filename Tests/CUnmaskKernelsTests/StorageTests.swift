import CUnmaskKernels
import Testing

@Suite struct StorageTests {
    /// All 65536 patterns: the conversion is exact, so the oracle is Swift's own Float16 and a shift.
    @Test(arguments: ISA.available)
    func wideningIsExact(isa: ISA) throws {
        let engine = try Engine(isa)
        let halves = GuardedBuffer((0...UInt16.max).map { $0 })
        let y = GuardedBuffer<Float>(count: halves.elements.count)
        unmask_f32_widen(engine.handle, y.elements.count, halves.base, UNMASK_STORAGE_BF16, y.base)
        expectSameBits(y.array, halves.array.map { Float(bitPattern: UInt32($0) << 16) }, "bf16")
        unmask_f32_widen(engine.handle, y.elements.count, halves.base, UNMASK_STORAGE_F16, y.base)
        for (half, value) in zip(halves.elements, y.elements) {
            let expected = float(half)
            #expect(value == expected || (value.isNaN && expected.isNaN), "f16 pattern \(half)")
        }
    }

    @Test(arguments: ISA.available)
    func everyTailIsDone(isa: ISA) throws {
        let engine = try Engine(isa)
        for count in 1...40 {
            let halves = GuardedBuffer((0..<UInt16(count)).map { 0x3c00 + $0 })
            let y = GuardedBuffer<Float>(count: count)
            unmask_f32_widen(engine.handle, count, halves.base, UNMASK_STORAGE_F16, y.base)
            expectSameBits(y.array, halves.array.map(float))
        }
    }

    /// Weights packed from half precision are those packed from their widened values, to the byte.
    @Test(arguments: ProductKernel.available)
    func packingWidens(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        for (n, k) in [(1, 1), (33, 17), (70, 31), (45, 64)] {
            for transposed in [false, true] {
                let halves = GuardedBuffer((0..<n * k).map { UInt16($0 * 37 % 0x7c00) })
                for storage in [UNMASK_STORAGE_F16, UNMASK_STORAGE_BF16] {
                    let wide = GuardedBuffer<Float>(count: n * k)
                    unmask_f32_widen(engine.handle, n * k, halves.base, storage, wide.base)
                    let expected = pack(engine, kernel, n, k, wide.base, UNMASK_STORAGE_F32, transposed)
                    #expect(pack(engine, kernel, n, k, halves.base, storage, transposed) == expected)
                }
            }
        }
    }

    private func pack(
        _ engine: Engine, _ kernel: ProductKernel, _ n: Int, _ k: Int, _ w: UnsafeRawPointer, _ storage: unmask_storage,
        _ transposed: Bool
    ) -> [UInt8] {
        let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
        packed.elements.update(repeating: 0xff)
        #expect(
            unmask_gemm_pack(
                engine.handle, kernel.handle, n, k, w, transposed ? n : k, storage, transposed, packed.base))
        return packed.array
    }

    /// IEEE 754 binary16 by its definition.
    private func float(_ half: UInt16) -> Float {
        let sign: Float = half & 0x8000 == 0 ? 1 : -1
        let exponent = Int(half >> 10 & 0x1f)
        let fraction = Float(half & 0x3ff)
        if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
        if exponent == 0 { return sign * fraction * 0x1p-24 }
        return sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
}
