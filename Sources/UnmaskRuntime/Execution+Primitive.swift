internal import CUnmaskKernels
internal import UnmaskGraph

extension Execution {
    /// The engine's threads, for what Swift computes.
    private var workers: Workers {
        let engine = engine
        return Workers { count, body in
            withoutActuallyEscaping(body) { body in
                var task = body
                withUnsafeMutablePointer(to: &task) { task in
                    unmask_engine_run(
                        engine, count,
                        { context, index, _ in context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(index) },
                        task)
                }
            }
        }
    }

    func run(_ evaluation: Instruction.Evaluation) throws(RuntimeError) {
        func view(_ array: Instruction.Evaluation.Array) -> ArrayView {
            ArrayView(type: array.type, shape: array.shape, base: address(array.slot))
        }
        do throws(EvaluationError) {
            try Evaluator(workers: workers, memory: .engine).evaluate(
                evaluation.primitive, evaluation.operands.map { $0.map(view) }, into: evaluation.results.map(view))
        } catch {
            throw .evaluation(node: evaluation.node, op: evaluation.primitive.name, problem: error.problem)
        }
    }

    func run(_ product: Instruction.Product) {
        let (m, n, k) = (product.m, product.n, product.k)
        guard m > 0, n > 0 else { return }
        var packed: Int?
        for index in 0..<product.places.count {
            let place = product.places[index]
            if packed != place.b {
                _ = unmask_gemm_pack(
                    engine, product.kernel.handle, n, k, floats(product.b) + place.b * k * n, n, UNMASK_STORAGE_F32,
                    true,
                    address(product.panels))
                packed = place.b
            }
            multiply(
                product.kernel, m: m, n: n, k: k, floats(product.a) + place.a * m * k, address(product.panels),
                bias: nil,
                into: floats(product.c) + index * m * n, scratch: floats(product.scratch))
        }
    }

    func run(_ convolution: Instruction.Convolution) {
        let columns = convolution.columns
        let (n, k, places) = (convolution.n, convolution.k, columns.places)
        let (gathered, result) = (floats(convolution.gathered), floats(convolution.product))
        let (x, out) = (floats(convolution.x), floats(convolution.out))
        for item in 0..<convolution.batch * convolution.groups {
            let group = item % convolution.groups
            let channels = x + item * columns.channels * columns.area
            workers.run(places, numbers: k) { places in
                for place in places { columns.gather(place, channels, into: gathered + place * k) }
            }
            multiply(
                convolution.kernel, m: places, n: n, k: k, gathered,
                address(convolution.weight) + group * convolution.panelBytes,
                bias: floats(convolution.bias).map { $0 + group * n }, into: result,
                scratch: floats(convolution.scratch))
            let planes = out + item * n * places
            workers.run(n, numbers: places) { filters in
                for filter in filters {
                    for place in 0..<places { planes[filter * places + place] = result[place * n + filter] }
                }
            }
        }
    }

    private func multiply(
        _ kernel: ProductKernel, m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, _ packed: UnsafeRawPointer,
        bias: UnsafePointer<Float>?,
        into c: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>?
    ) {
        var call = unmask_gemm(
            kernel: kernel.handle, m: m, n: n, k: k, a_form: UNMASK_FORM_ROWS, a: a, lda: k, packed: packed, bias: bias,
            norm_weight: nil, norm_bias: nil, norm_eps: 0, grid: unmask_grid(nil), activation: UNMASK_ACTIVATION_NONE,
            scale: nil,
            residual: nil, ldr: n, c_form: UNMASK_FORM_ROWS, c: c, ldc: n, scratch: scratch)
        unmask_gemm_run(engine, &call)
    }
}
