import CUnmaskKernels
import Testing

@Suite struct PatchesTests {
    struct Images {
        var batch: Int
        var channels: Int
        var height: Int
        var width: Int
        var patch: Int
        var ids: [Int32]?  // [batch, kept]

        var total: Int { (height / patch) * (width / patch) }
        var kept: Int { ids.map { $0.count / batch } ?? total }

        /// By the definition: number (y, x, c) of a patch is the pixel at (top + y, left + x, c).
        func patches(_ pixel: (_ image: Int, _ y: Int, _ x: Int, _ c: Int) -> Float) -> [Float] {
            var result: [Float] = []
            for i in 0..<batch * kept {
                let id = ids.map { Int($0[i]) } ?? i % total
                let top = id / (width / patch) * patch
                let left = id % (width / patch) * patch
                for j in 0..<patch * patch * channels {
                    let y = j / (patch * channels)
                    let x = j / channels % patch
                    result.append(pixel(i / kept, top + y, left + x, j % channels))
                }
            }
            return result
        }

        func run(_ body: (inout unmask_patches) -> Void) -> [Float] {
            let out = GuardedBuffer<Float>(count: batch * kept * patch * patch * channels)
            let keptIDs = ids.map { GuardedBuffer($0) }
            var patches = unmask_patches()
            (patches.batch, patches.channels, patches.height, patches.width) = (batch, channels, height, width)
            (patches.patch, patches.kept, patches.out) = (patch, kept, out.base)
            if let keptIDs { patches.ids_keep = UnsafePointer(keptIDs.base) }
            withExtendedLifetime(keptIDs) { body(&patches) }
            return out.array
        }
    }

    static let cases = [
        Images(batch: 2, channels: 3, height: 12, width: 20, patch: 4),
        Images(batch: 2, channels: 3, height: 12, width: 20, patch: 4, ids: [14, 0, 7, 3, 3, 8]),
        Images(batch: 1, channels: 1, height: 28, width: 28, patch: 4),
        Images(batch: 3, channels: 5, height: 14, width: 7, patch: 7, ids: [1, 0, 1]),
        Images(batch: 1, channels: 3, height: 9, width: 11, patch: 4),  // edges that fill no patch are left out
    ]

    @Test(arguments: ISA.available)
    func patchesEqualTheirDefinition(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        for images in Self.cases {
            let (c, h, w) = (images.channels, images.height, images.width)
            var random = Random(2)
            let bytes = GuardedBuffer(
                (0..<images.batch * c * h * w).map { _ in UInt8(truncatingIfNeeded: random.bits()) })
            let fromBytes = images.run { unmask_u8_patches(engine.handle, &$0, bytes.base) }
            expectSameBits(fromBytes, images.patches { Float(bytes.elements[(($0 * h + $1) * w + $2) * c + $3]) })
            let planes = GuardedBuffer(random.floats(images.batch * c * h * w))
            let fromPlanes = images.run { unmask_f32_patches(engine.handle, &$0, planes.base) }
            expectSameBits(fromPlanes, images.patches { planes.elements[(($0 * c + $3) * h + $1) * w + $2] })
        }
    }

    @Test(arguments: ISA.available)
    func assembledTokensEqualTheirDefinition(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let batch = 3
        let kept = 4
        let width = 33
        let patches = 9
        var random = Random(3)
        let x = random.floats(batch * kept * width)
        let first = random.floats(width)
        let positions = random.floats(patches * width)
        for ids: [Int32]? in [nil, [8, 0, 3, 5, 1, 2, 7, 6, 4, 4, 0, 8]] {
            let out = GuardedBuffer<Float>(count: batch * (1 + kept) * width)
            unmask_f32_assemble_tokens(engine.handle, batch, 1, kept, width, x, first, positions, ids, out.base)
            let expected = (0..<batch * (1 + kept) * width).map { i in
                let row = i / width % (1 + kept)
                let image = i / width / (1 + kept)
                let column = i % width
                if row == 0 { return first[column] }
                let patch = image * kept + row - 1
                return x[patch * width + column] + positions[(ids.map { Int($0[patch]) } ?? row - 1) * width + column]
            }
            expectSameBits(out.array, expected)
        }
    }

    @Test(arguments: ISA.available, [0, 1, 3])
    func restoredTokensEqualTheirDefinition(isa: ISA, prefix: Int) throws {
        let engine = try Engine(isa, threads: 3)
        let batch = 2
        let width = 21
        let patches = 5
        var random = Random(3)
        let mask = random.floats(width)
        let positions = random.floats((prefix + patches) * width)
        for ids: [Int32]? in [nil, [3, 0, 4, 1, 2, 0, 1, 2, 3, 4]] {
            let kept = ids == nil ? patches : 2
            let x = random.floats(batch * (prefix + kept) * width)
            let out = GuardedBuffer<Float>(count: batch * (prefix + patches) * width)
            unmask_f32_restore_tokens(
                engine.handle, batch, prefix, kept, patches, width, x, mask, positions, ids, out.base)
            let expected = (0..<batch * (prefix + patches) * width).map { i in
                let row = i / width % (prefix + patches)
                let image = i / width / (prefix + patches)
                let column = i % width
                let patch = row - prefix
                let source = patch < 0 ? patch : ids.map { Int($0[image * patches + patch]) } ?? patch
                let token =
                    source < kept ? x[(image * (prefix + kept) + prefix + source) * width + column] : mask[column]
                return token + positions[row * width + column]
            }
            expectSameBits(out.array, expected)
        }
    }
}
