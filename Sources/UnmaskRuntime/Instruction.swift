internal import UnmaskGraph

/// A place in memory, resolved when a plan runs. Offsets are in bytes.
enum Slot: Hashable {
    case arena(Int)
    case weights(Int)
    case input(Int)
}

/// One kernel call with its operands' places and its sizes bound. Lengths are in elements.
enum Instruction {
    case gemm(GEMM)
    case attention(Attention)
    case patches(Patches)
    case scaleShift(rows: Int, width: Int, x: Slot, scale: Slot, shift: Slot, out: Slot)
    case layerNorm(rows: Int, width: Int, x: Slot, weight: Slot, bias: Slot, epsilon: Float, out: Slot)
    case gelu(count: Int, kind: GELU, x: Slot, out: Slot)
    case add(count: Int, a: Slot, b: Slot, out: Slot)
    case softmax(rows: Int, width: Int, x: Slot, out: Slot)
    case assembleTokens(batch: Int, kept: Int, width: Int, x: Slot, first: Slot, positions: Slot, ids: Slot?, out: Slot)
    case restoreTokens(
        batch: Int, kept: Int, patches: Int, width: Int, x: Slot, maskToken: Slot, positions: Slot, ids: Slot?,
        out: Slot)
    case meanTokens(batch: Int, tokens: Int, skip: Int, width: Int, x: Slot, out: Slot)
    case copyTokens(batch: Int, tokens: Int, range: Range<Int>, width: Int, x: Slot, out: Slot)

    struct GEMM {
        var m, n, k: Int
        var a, weight: Slot
        var bias, normWeight, normBias: Slot?
        var normEpsilon: Float
        var activation: GELU?
        var residual: Slot?
        var c: Slot
        var scratch: Slot?
    }

    struct Attention {
        var batch, heads, headWidth, queries, keys: Int
        var q, k, v: Heads
        var scale: Float
        var out, scratch: Slot
    }

    /// Where an attention's operand lies: strides as `unmask_f32_heads` has them, and where the first number is.
    struct Heads {
        var slot: Slot
        var start: Int
        var imageStride, tokenStride, headStride: Int
    }

    struct Patches {
        var batch, channels, height, width, patch, kept: Int
        var bytes: Bool
        var pixels: Slot
        var ids: Slot?
        var out: Slot
    }
}
