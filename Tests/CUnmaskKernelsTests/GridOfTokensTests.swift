import CUnmaskKernels
import Glibc
import Testing

/// What networks do that see their tokens as places of a grid.
@Suite struct GridOfTokensTests {
    private struct Grid {
        var batch = 1
        var height, width, channels, kernel: Int
        var count: Int { batch * height * width * channels }
    }

    private func convolve(
        _ engine: Engine, _ grid: Grid, _ x: [Float], _ weight: [Float], _ bias: [Float]?
    ) -> [Float] {
        let (x, weight, y) = (GuardedBuffer(x), GuardedBuffer(weight), GuardedBuffer<Float>(count: grid.count))
        let bias = bias.map { GuardedBuffer($0) }
        var call = unmask_depthwise(
            batch: grid.batch, height: grid.height, width: grid.width, channels: grid.channels, kernel: grid.kernel,
            x: x.base, weight: weight.base, bias: bias?.base, y: y.base)
        withExtendedLifetime((x, weight, bias)) { unmask_f32_depthwise(engine.handle, &call) }
        return y.array
    }

    /// The definition, in Double.
    private func reference(_ grid: Grid, _ x: [Float], _ weight: [Float], _ bias: [Float]?) -> [Expected] {
        let (H, W, C, K) = (grid.height, grid.width, grid.channels, grid.kernel)
        return (0..<grid.count).map { index in
            let (channel, column) = (index % C, index / C % W)
            let (row, image) = (index / C / W % H, index / C / W / H)
            var sum = Double(bias?[channel] ?? 0)
            var size = abs(sum)
            for down in 0..<K {
                for right in 0..<K {
                    let (y, x0) = (row + down - K / 2, column + right - K / 2)
                    guard (0..<H).contains(y), (0..<W).contains(x0) else { continue }
                    let product =
                        Double(x[((image * H + y) * W + x0) * C + channel])
                        * Double(weight[(down * K + right) * C + channel])
                    sum += product
                    size += abs(product)
                }
            }
            return Expected(value: sum, tolerance: Double(K * K + 2) * roundoff * size)
        }
    }

    @Test(arguments: ISA.available)
    func depthwiseConvolutionEqualsDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let grids = [
            Grid(height: 1, width: 1, channels: 1, kernel: 7), Grid(height: 7, width: 7, channels: 48, kernel: 7),
            Grid(batch: 2, height: 9, width: 17, channels: 150, kernel: 7),
            Grid(height: 3, width: 20, channels: 33, kernel: 7), Grid(height: 5, width: 6, channels: 19, kernel: 3),
            Grid(height: 12, width: 2, channels: 8, kernel: 5), Grid(height: 4, width: 4, channels: 5, kernel: 1),
        ]
        for (seed, grid) in grids.enumerated() {
            var random = Random(UInt64(seed))
            let x = random.floats(grid.count)
            let weight = random.floats(grid.kernel * grid.kernel * grid.channels)
            for bias in [random.floats(grid.channels), nil] {
                let y = convolve(engine, grid, x, weight, bias)
                expectClose(y, reference(grid, x, weight, bias), "\(grid)")
            }
        }
    }

    @Test(arguments: ISA.available)
    func imagesOfAConvolutionAloneAndTogether(isa: ISA) throws {
        var grid = Grid(batch: 5, height: 8, width: 15, channels: 141, kernel: 7)
        var random = Random(9)
        let x = random.floats(grid.count)
        let weight = random.floats(49 * 141)
        let all = convolve(try Engine(isa, threads: 1), grid, x, weight, nil)
        let each = grid.count / 5
        grid.batch = 1
        for threads: UInt32 in 1...3 {
            let engine = try Engine(isa, threads: threads)
            for image in [0, 3, 4] {
                let place = image * each..<(image + 1) * each
                expectSameBits(convolve(engine, grid, Array(x[place]), weight, nil), all[place], "image \(image)")
            }
        }
    }

    private func respond(
        _ engine: Engine, batch: Int, tokens: Int, _ x: [Float], _ weight: [Float], _ bias: [Float]
    ) -> [Float] {
        let width = weight.count
        let buffers = [x, weight, bias].map { GuardedBuffer($0) }
        let (y, scratch) = (GuardedBuffer<Float>(count: x.count), GuardedBuffer<Float>(count: batch * width))
        var call = unmask_response_norm(
            batch: batch, tokens: tokens, width: width, x: buffers[0].base, weight: buffers[1].base,
            bias: buffers[2].base, eps: 1e-6, y: y.base, scratch: scratch.base)
        withExtendedLifetime((buffers, scratch)) { unmask_f32_response_norm(engine.handle, &call) }
        return y.array
    }

    @Test(arguments: ISA.available)
    func responseNormEqualsDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        for (batch, tokens, width) in [(1, 1, 1), (2, 49, 130), (1, 500, 37)] {
            var random = Random(UInt64(width))
            let x = random.floats(batch * tokens * width, scale: 2)
            let (weight, bias) = (random.floats(width), random.floats(width))
            var expected: [Expected] = []
            for image in 0..<batch {
                func at(_ token: Int, _ column: Int) -> Double { Double(x[(image * tokens + token) * width + column]) }
                let lengths = (0..<width).map { column in
                    (0..<tokens).reduce(0.0) { $0 + at($1, column) * at($1, column) }.squareRoot()
                }
                let mean = lengths.reduce(0, +) / Double(width) + 1e-6
                for token in 0..<tokens {
                    for column in 0..<width {
                        let value = at(token, column)
                        let moved = Double(weight[column]) * value * lengths[column] / mean
                        expected.append(
                            Expected(
                                value: value + moved + Double(bias[column]),
                                tolerance: 80 * roundoff * (abs(value) + abs(moved) + abs(Double(bias[column])))))
                    }
                }
            }
            expectClose(
                respond(engine, batch: batch, tokens: tokens, x, weight, bias), expected, "\(batch) \(tokens) \(width)")
        }
    }

    @Test(arguments: ISA.available)
    func imagesOfAResponseNormAloneAndTogether(isa: ISA) throws {
        let (tokens, width) = (77, 300)
        var random = Random(4)
        let x = random.floats(4 * tokens * width)
        let (weight, bias) = (random.floats(width), random.floats(width))
        let all = respond(try Engine(isa, threads: 1), batch: 4, tokens: tokens, x, weight, bias)
        let engine = try Engine(isa, threads: 3)
        for image in 0..<4 {
            let place = image * tokens * width..<(image + 1) * tokens * width
            expectSameBits(
                respond(engine, batch: 1, tokens: tokens, Array(x[place]), weight, bias), all[place], "image \(image)")
        }
    }

    @Test(arguments: ISA.available)
    func gathersRowsOfEachImage(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let (images, sources, width) = (3, 5, 7)
        let order: [Int32] = [4, -1, 0, 0, 2, 3, -1, 1]
        var random = Random(1)
        let x = random.floats(images * sources * width)
        for orders in [[order], [order, order.reversed(), order.map { max(-1, 3 - $0) }]] {
            let own = orders.count > 1
            let out = GuardedBuffer<Float>(count: images * order.count * width)
            unmask_f32_gather_rows(
                engine.handle, images, sources, order.count, width, x, orders.flatMap(\.self), own, out.base)
            let expected = (0..<images).flatMap { image in
                orders[own ? image : 0].flatMap { from -> [Float] in
                    guard from >= 0 else { return Array(repeating: 0, count: width) }
                    let start = (image * sources + Int(from)) * width
                    return Array(x[start..<start + width])
                }
            }
            expectSameBits(out.array, expected)
        }
    }

    /// A token of kept units: its row and column in the image, in the order of the units and nested in each.
    private func nested(_ side: Int, of unit: Int, across: Int) -> [(row: Int, column: Int)] {
        func places(_ row: Int, _ column: Int, _ side: Int) -> [(row: Int, column: Int)] {
            guard side > 1 else { return [(row, column)] }
            let half = side / 2
            return (0..<4).flatMap { places(row + $0 / 2 * half, column + $0 % 2 * half, half) }
        }
        return places(unit / across * side, unit % across * side, side)
    }

    @Test(arguments: [1, 2, 4, 8], [0...0, -1...0, -1...1])
    func tokensOfKeptUnits(side: Int, reach: ClosedRange<Int>) throws {
        let engine = try Engine(.available[0], threads: 3)
        let (down, across) = (3, 2)
        let (rows, columns) = (down * side, across * side)
        let ids: [[Int32]] = [[4, 0, 5], [1, 2, 3]]
        let scratch = GuardedBuffer<Int32>(count: 2 * down * across)
        let all = ids.flatMap(\.self)
        let count = 3 * side * side
        let numbers = GuardedBuffer<Int32>(count: 2 * count * reach.count * reach.count)
        let places = GuardedBuffer<Int32>(count: 2 * count)
        all.withUnsafeBufferPointer { ids in
            var units = unmask_units(
                batch: 2, rows: rows, columns: columns, side: side, kept: 3, ids_keep: ids.baseAddress,
                scratch: scratch.base)
            unmask_unit_tokens(engine.handle, &units, reach.lowerBound, reach.upperBound, numbers.base)
            unmask_unit_places(engine.handle, &units, places.base)
        }
        var expected: [Int32] = []
        var order: [Int32] = []
        for image in ids {
            let tokens = image.flatMap { nested(side, of: Int($0), across: across) }
            for (row, column) in tokens {
                for (y, x) in reach.flatMap({ y in reach.map { x in (row + y, column + x) } }) {
                    let isInside = (0..<rows).contains(y) && (0..<columns).contains(x)
                    let isKept = isInside && image.contains(Int32(y / side * across + x / side))
                    expected.append(isKept ? Int32(y * columns + x) : -1)
                }
            }
            order += tokens.indices.sorted { (tokens[$0].row, tokens[$0].column) < (tokens[$1].row, tokens[$1].column) }
                .map(Int32.init)
        }
        #expect(numbers.array == expected)
        #expect(places.array == order)
    }

    @Test(arguments: ISA.available)
    func poolsTheLargestOfEachGroup(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let (rows, group, width, stride) = (9, 4, 5, 13)
        var random = Random(2)
        var x = random.floats(rows * group * stride)
        x[2 * stride] = .nan
        for hasMeans in [false, true] {
            let wide = hasMeans ? 2 * width : width
            let out = GuardedBuffer<Float>(count: rows * wide)
            unmask_f32_pool_rows(engine.handle, rows, group, width, hasMeans, x, stride, out.base)
            for row in 0..<rows {
                for column in 0..<width {
                    let values = (0..<group).map { x[(row * group + $0) * stride + column] }
                    let found = out.array[row * wide + column]
                    #expect(values.contains(where: \.isNaN) ? found.isNaN : found == values.max())
                    guard hasMeans, !found.isNaN else { continue }
                    let mean = values.reduce(0) { $0 + Double($1) } / Double(group)
                    #expect(abs(Double(out.array[row * wide + width + column]) - mean) < 1e-6)
                }
            }
        }
    }
}
