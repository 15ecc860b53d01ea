internal import CUnmaskKernels
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
    case rmsNorm(rows: Int, width: Int, x: Slot, weight: Slot, epsilon: Float, out: Slot)
    case deviationNorm(rows: Int, width: Int, x: Slot, weight: Slot, epsilon: Float, out: Slot)
    case normalizeHeads(NormalizeHeads)
    case rotateHeads(RotateHeads)
    case gate(rows: Int, width: Int, kind: Gate, x: Slot, out: Slot)
    case gelu(count: Int, kind: GELU, x: Slot, out: Slot)
    case roundToGrid(count: Int, grid: NumberGrid, x: Slot, out: Slot)
    case add(count: Int, a: Slot, b: Slot, out: Slot)
    case softmax(rows: Int, width: Int, x: Slot, out: Slot)
    case assembleTokens(
        batch: Int, prefixCount: Int, kept: Int, width: Int, x: Slot, prefix: Slot?, positions: Slot?, ids: Slot?,
        out: Slot)
    case restoreTokens(
        batch: Int, prefixCount: Int, kept: Int, patches: Int, width: Int, x: Slot, maskToken: Slot, positions: Slot,
        ids: Slot?, out: Slot)
    case meanTokens(batch: Int, tokens: Int, skip: Int, width: Int, x: Slot, out: Slot)
    case copyTokens(batch: Int, tokens: Int, range: Range<Int>, width: Int, x: Slot, out: Slot)
    case matchTokens(Matching)
    case mergeTokens(Merge)
    case unmergeTokens(batch: Int, left: Int, sources: Int, width: Int, x: Slot, origins: Slot, out: Slot)
    case gatherRows(GatherRows)
    case unitTokens(Units, reach: ClosedRange<Int>)
    case unitPlaces(Units)
    case depthwise(Depthwise)
    case responseNorm(
        batch: Int, tokens: Int, width: Int, x: Slot, weight: Slot, bias: Slot, epsilon: Float, out: Slot, scratch: Slot
    )
    case poolRows(rows: Int, pooling: TokenPooling, width: Int, stride: Int, x: Slot, out: Slot)
    case product(Product)
    case convolution(Convolution)
    case evaluate(Evaluation)

    struct GEMM {
        var kernel: ProductKernel
        var m, n, k: Int
        var a: Slot
        var aForm = UNMASK_FORM_ROWS
        var weight: Slot
        var bias, normWeight, normBias: Slot?
        var normEpsilon: Float
        var grid: NumberGrid?
        var activation: GELU?
        var scale, residual: Slot?
        var c: Slot
        var cForm = UNMASK_FORM_ROWS
        var scratch: Slot?
    }

    struct Attention {
        var kernel: ProductKernel
        var batch, heads, headWidth, queries, keys: Int
        var q, k, v: Heads
        var scale: Float
        var keyBias: Slot?
        /// [heads, biasTokens, biasTokens], and which of these tokens the last `kept` are.
        var bias, ids: Slot?
        var biasTokens = 0, kept = 0
        /// Of a grid's rows and columns, whose places queries and keys are.
        var rowTable, columnTable: Slot?
        var gridRows = 0, gridColumns = 0
        var out: Slot
        var outForm: unmask_form
        var scratch: Slot
    }

    /// Rows of a joint projection [rows, 3 · heads · headWidth], whose queries and keys are changed in `out`; `x` is
    /// copied there first where it is another place.
    struct JointHeads {
        var rows, heads, headWidth: Int
        var x, out: Slot
    }

    struct NormalizeHeads {
        var joint: JointHeads
        var queryWeight, keyWeight: Slot
        var queryBias, keyBias: Slot?
        var epsilon: Float
        var isRMS: Bool
    }

    struct RotateHeads {
        var joint: JointHeads
        var tokens, prefix, groups, patches: Int
        var halves: Bool
        var cosines, sines: Slot
        var ids: Slot?
    }

    /// Where an attention's operand lies: strides as `unmask_heads` has them, and where the first number is.
    struct Heads {
        var slot: Slot
        var start: Int
        var imageStride, tokenStride, headStride: Int
        var form: unmask_form
    }

    struct Matching {
        var kernel: ProductKernel
        var batch, tokens, fixed, merged, heads, headWidth, sources: Int
        var keys: Heads
        var sizes, origins: Slot?
        var members, starts, leftSizes, bias, leftOrigins, scratch: Slot
    }

    struct Merge {
        var batch, tokens, left, width: Int
        var x, members, starts: Slot
        var sizes: Slot?
        var out: Slot
    }

    struct GatherRows {
        var images, sources, count, width: Int
        /// Whether each image has an order of its own.
        var ownOrders: Bool
        var x, order, out: Slot
    }

    struct Units {
        var batch, kept: Int
        var grid: UnitGrid
        var ids, scratch, out: Slot
    }

    struct Depthwise {
        var batch, height, width, channels, kernel: Int
        var x, weight: Slot
        var bias: Slot?
        var out: Slot
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
        var kernel: ProductKernel
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
        var kernel: ProductKernel
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

extension Instruction {
    /// The kernel of a product.
    var kernel: ProductKernel? {
        switch self {
        case .gemm(let gemm): gemm.kernel
        case .attention(let attention): attention.kernel
        case .product(let product): product.kernel
        case .convolution(let convolution): convolution.kernel
        default: nil
        }
    }
}
