internal import UnmaskGraph

/// A place in memory, resolved when a plan runs. Offsets are in bytes.
enum Slot: Hashable {
    case arena(Int)
    case weights(Int)
    case input(Int)
    /// Numbers that are known once sizes are, in memory of the plan's own.
    case known(Int)
}

/// One kernel call with its operands' places and its sizes bound. Lengths are in elements.
enum Instruction {
    case gemm(GEMM)
    case attention(Attention)
    case patches(Patches)
    case scaleShift(rows: Int, width: Int, x: Slot, scale: Slot, shift: Slot, out: Slot)
    case layerNorm(rows: Int, width: Int, x: Slot, weight: Slot?, bias: Slot?, epsilon: Float, out: Slot)
    case gelu(count: Int, kind: GELU, x: Slot, out: Slot)
    case add(count: Int, a: Slot, b: Slot, out: Slot)
    case softmax(rows: Int, width: Int, x: Slot, out: Slot)
    case assembleTokens(batch: Int, kept: Int, width: Int, x: Slot, first: Slot, positions: Slot, ids: Slot?, out: Slot)
    case restoreTokens(
        batch: Int, kept: Int, patches: Int, width: Int, x: Slot, maskToken: Slot, positions: Slot, ids: Slot?,
        out: Slot)
    case meanTokens(batch: Int, tokens: Int, skip: Int, width: Int, x: Slot, out: Slot)
    case copyTokens(batch: Int, tokens: Int, range: Range<Int>, width: Int, x: Slot, out: Slot)
    case product(Product)
    case convolution(Convolution)
    case evaluate(Evaluation)

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

    /// Batched matrices [m, k] times [k, n].
    struct Product {
        var m, n, k: Int
        /// For each matrix of the result, which matrices of a and b make it.
        var places: MatrixPlaces
        var a, b, c: Slot
        /// A packed matrix of b.
        var panels: Slot
        var scratch: Slot?
    }

    /// A convolution by columns: one image and group at a time.
    struct Convolution {
        var batch: Int
        var columns: ColumnGrid
        /// Filters and numbers a group, and bytes from one group's packed weights to the next.
        var groups, n, k, panelBytes: Int
        var x, weight, out: Slot
        var bias: Slot?
        /// [places, k] of x's elements, and [places, n] of results.
        var gathered, product: Slot
        var scratch: Slot?
    }

    /// A primitive that is computed by its definition.
    struct Evaluation {
        var node: String
        var primitive: Primitive
        var operands: [Array?]
        var results: [Array]

        struct Array {
            var slot: Slot
            var type: ElementType
            var shape: [Int]
        }
    }
}
