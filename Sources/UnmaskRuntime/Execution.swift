internal import CUnmaskKernels
internal import UnmaskGraph

/// The memory that a plan runs over: resolves slots and calls the kernels.
struct Execution {
    let engine: OpaquePointer
    let arena: UnsafeMutableRawPointer
    let weights: UnsafeMutableRawPointer
    let inputs: [UnsafeRawPointer]
    let numbers: PlanNumbers

    func address(_ slot: Slot) -> UnsafeMutableRawPointer {
        switch slot {
        case .arena(let offset): arena + offset
        case .weights(let offset): weights + offset
        case .input(let index): UnsafeMutableRawPointer(mutating: inputs[index])
        case .known(let offset): numbers.base + offset
        }
    }

    func floats(_ slot: Slot) -> UnsafeMutablePointer<Float> {
        address(slot).assumingMemoryBound(to: Float.self)
    }

    func floats(_ slot: Slot?) -> UnsafeMutablePointer<Float>? {
        slot.map { floats($0) }
    }

    func ids(_ slot: Slot?) -> UnsafePointer<Int32>? {
        slot.map { UnsafePointer(address($0).assumingMemoryBound(to: Int32.self)) }
    }

    func heads(_ heads: Instruction.Heads) -> unmask_heads {
        unmask_heads(
            base: floats(heads.slot)
                + (heads.form == UNMASK_FORM_TILES ? unmask_tiles_column(heads.start) : heads.start),
            batch_stride: heads.imageStride, token_stride: heads.tokenStride,
            head_stride: heads.headStride)
    }

    func activation(_ gelu: GELU?) -> unmask_activation {
        switch gelu {
        case nil: UNMASK_ACTIVATION_NONE
        case .erf: UNMASK_ACTIVATION_GELU_ERF
        case .tanh: UNMASK_ACTIVATION_GELU_TANH
        case .quick: UNMASK_ACTIVATION_GELU_QUICK
        case .silu: UNMASK_ACTIVATION_SILU
        }
    }

    /// An output's numbers, copied out.
    func floats(of output: Plan.Output) -> [Float] {
        Array(UnsafeBufferPointer(start: floats(output.slot), count: output.shape.reduce(1, *)))
    }

    func tensor(of output: Plan.Output) -> Tensor? {
        let bytes = UnsafeRawBufferPointer(
            start: address(output.slot), count: output.shape.reduce(output.type.byteCount, *))
        return Tensor(shape: output.shape, type: output.type, contents: .owned(Array(bytes)))
    }

    func run(_ instruction: Instruction) throws(RuntimeError) {
        switch instruction {
        case .gemm(let g):
            var call = unmask_gemm(
                kernel: g.kernel.handle, m: g.m, n: g.n, k: g.k, a_form: g.aForm, a: floats(g.a), lda: g.k,
                packed: address(g.weight),
                bias: floats(g.bias),
                norm_weight: floats(g.normWeight), norm_bias: floats(g.normBias), norm_eps: g.normEpsilon,
                grid: unmask_grid(g.grid), activation: activation(g.activation), scale: floats(g.scale),
                residual: floats(g.residual), ldr: g.n, c_form: g.cForm, c: floats(g.c), ldc: g.n,
                scratch: floats(g.scratch))
            unmask_gemm_run(engine, &call)
        case .attention(let a):
            var call = unmask_attention(
                kernel: a.kernel.handle, batch: a.batch, heads: a.heads, head_dim: a.headWidth, queries: a.queries,
                keys: a.keys, qkv_form: a.q.form,
                q: heads(a.q), k: heads(a.k), v: heads(a.v), scale: a.scale, key_bias: floats(a.keyBias),
                bias: floats(a.bias), bias_tokens: a.biasTokens, ids: ids(a.ids), kept: a.kept,
                row_table: floats(a.rowTable),
                column_table: floats(a.columnTable), grid_rows: a.gridRows, grid_columns: a.gridColumns,
                out_form: a.outForm, out: floats(a.out),
                out_stride: a.heads * a.headWidth, scratch: floats(a.scratch))
            unmask_attention_run(engine, &call)
        case .patches(let p):
            var call = unmask_patches(
                batch: p.batch, channels: p.channels, height: p.height, width: p.width, patch: p.patch, kept: p.kept,
                ids_keep: ids(p.ids), out: floats(p.out))
            if p.bytes {
                unmask_u8_patches(engine, &call, address(p.pixels).assumingMemoryBound(to: UInt8.self))
            } else {
                unmask_f32_patches(engine, &call, floats(p.pixels))
            }
        case .scaleShift(let rows, let width, let x, let scale, let shift, let out):
            unmask_f32_scale_shift(engine, rows, width, floats(x), floats(scale), floats(shift), floats(out))
        case .layerNorm(let rows, let width, let x, let weight, let bias, let epsilon, let out):
            unmask_f32_layernorm(
                engine, rows, width, floats(x), width, floats(weight), floats(bias), epsilon, floats(out), width)
        case .rmsNorm(let rows, let width, let x, let weight, let epsilon, let out):
            unmask_f32_rmsnorm(
                engine, rows, width, floats(x), width, floats(weight), epsilon, floats(out), width)
        case .deviationNorm(let rows, let width, let x, let weight, let epsilon, let out):
            unmask_f32_deviationnorm(
                engine, rows, width, floats(x), width, floats(weight), epsilon, floats(out), width)
        case .normalizeHeads(let call): run(call)
        case .rotateHeads(let call): run(call)
        case .gate(let rows, let width, let kind, let x, let out):
            unmask_f32_gate(engine, rows, width, floats(x), activation(kind), floats(out))
        case .gelu(let count, let kind, let x, let out):
            unmask_f32_activate(engine, count, floats(x), activation(kind), floats(out))
        case .roundToGrid(let count, let grid, let x, let out):
            unmask_f32_round_to_grid(engine, count, floats(x), unmask_grid(grid), floats(out))
        case .add(let count, let a, let b, let out):
            unmask_f32_add(engine, count, floats(a), floats(b), floats(out))
        case .softmax(let rows, let width, let x, let out):
            unmask_f32_softmax(engine, rows, width, floats(x), width, floats(out), width)
        case .assembleTokens(
            let batch, let prefixCount, let kept, let width, let x, let prefix, let positions, let kept_ids, let out):
            unmask_f32_assemble_tokens(
                engine, batch, prefixCount, kept, width, floats(x), floats(prefix), floats(positions), ids(kept_ids),
                floats(out))
        case .restoreTokens(
            let batch, let prefixCount, let kept, let patches, let width, let x, let mask, let positions, let restore,
            let out):
            unmask_f32_restore_tokens(
                engine, batch, prefixCount, kept, patches, width, floats(x), floats(mask), floats(positions),
                ids(restore), floats(out))
        case .meanTokens(let batch, let tokens, let skip, let width, let x, let out):
            unmask_f32_mean_tokens(engine, batch, tokens, skip, width, floats(x), floats(out))
        case .copyTokens(let batch, let tokens, let range, let width, let x, let out):
            for image in 0..<batch {
                (floats(out) + image * range.count * width).update(
                    from: floats(x) + (image * tokens + range.lowerBound) * width, count: range.count * width)
            }
        case .matchTokens(let matching): run(matching)
        case .mergeTokens(let merge): run(merge)
        case .unmergeTokens(let batch, let left, let sources, let width, let x, let origins, let out):
            unmask_f32_unmerge_tokens(
                engine, batch, left, sources, width, floats(x), ids(origins), floats(out))
        case .gatherRows(let g):
            unmask_f32_gather_rows(
                engine, g.images, g.sources, g.count, g.width, floats(g.x), ids(g.order), g.ownOrders, floats(g.out))
        case .unitTokens(let call, let reach): run(call, reach)
        case .unitPlaces(let call): run(call, nil)
        case .depthwise(let call): run(call)
        case .responseNorm(
            let batch, let tokens, let width, let x, let weight, let bias, let epsilon, let out, let scratch):
            var call = unmask_response_norm(
                batch: batch, tokens: tokens, width: width, x: floats(x), weight: floats(weight), bias: floats(bias),
                eps: epsilon, y: floats(out), scratch: floats(scratch))
            unmask_f32_response_norm(engine, &call)
        case .poolRows(let rows, let pooling, let width, let stride, let x, let out):
            unmask_f32_pool_rows(
                engine, rows, pooling.group, width, pooling.means, floats(x) + pooling.column, stride, floats(out))
        case .product(let product): run(product)
        case .convolution(let convolution): run(convolution)
        case .evaluate(let evaluation): try run(evaluation)
        }
    }
}
