/// GELU, exact or by one of its approximations, in whatever order its products are written:
///
/// - erf: ½ · x · (1 + erf(x / √2))
/// - tanh: ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), x³ as a power or as products
/// - quick: x · sigmoid(1.702 · x)
///
/// The three are not taken for one another, and other numbers in their places are not GELU.
public struct RaiseGELU: Pass {
    public let name = "raise-gelu"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard case .primitive(.binary(let function)) = node.op, function == .multiply || function == .divide else {
                return nil
            }
            // x is one of the values in the product; which one, its other factors tell.
            for x in ProductTerms.candidates(editor, node.output) where editor.shape(x) == editor.shape(node.output) {
                if let kind = kind(editor, node.output, of: x) {
                    return .nodes([Node(name: node.name, op: .gelu(kind), inputs: [x], outputs: node.outputs)])
                }
            }
            return nil
        }
    }

    private func kind(_ editor: GraphEditor, _ id: ValueID, of x: ValueID) -> GELU? {
        let product = ProductTerms(editor, id, x: x)
        guard product.power == 1, product.others.count == 1 else { return nil }
        let gate = product.others[0]
        if let inner = editor.operand(of: gate, .sigmoid) {
            let argument = ProductTerms(editor, inner, x: x)
            return product.isNumber(1) && argument.isMultiple(of: 1.702) ? .quick : nil
        }
        guard product.isNumber(0.5), let (sum, one) = editor.operands(of: gate, .add, withNumber: ()), one == 1
        else { return nil }
        if let inner = editor.operand(of: sum, .erf) {
            return ProductTerms(editor, inner, x: x).isMultiple(of: Float(0.5).squareRoot()) ? .erf : nil
        }
        if let inner = editor.operand(of: sum, .tanh) { return isTanhArgument(editor, inner, x) ? .tanh : nil }
        return nil
    }

    /// √(2/π) · (x + 0.044715 · x³), or with one x taken out of the sum.
    private func isTanhArgument(_ editor: GraphEditor, _ id: ValueID, _ x: ValueID) -> Bool {
        let product = ProductTerms(editor, id, x: x)
        guard product.isNumber(Float((2 / Double.pi).squareRoot())), product.others.count == 1,
            product.power == 0 || product.power == 1
        else { return false }
        if product.power == 1 {
            guard let (term, one) = editor.operands(of: product.others[0], .add, withNumber: ()), one == 1 else {
                return false
            }
            return ProductTerms(editor, term, x: x).isMultiple(of: 0.044715, power: 2)
        }
        guard let (a, b) = editor.operands(of: product.others[0], .add) else { return false }
        return [(a, b), (b, a)].contains { linear, cube in
            linear == x && ProductTerms(editor, cube, x: x).isMultiple(of: 0.044715, power: 3)
        }
    }
}

/// A tree of products as numbers, powers of one value, and other factors.
struct ProductTerms {
    private(set) var number: Float = 1
    private(set) var power = 0
    private(set) var others: [ValueID] = []
    /// Of the number, by what its factors are stored as.
    private(set) var tolerance = FormulaTolerance.float16

    /// Products deeper than any spelling of GELU are left as they are.
    private static let deepest = 4

    init(_ editor: GraphEditor, _ id: ValueID, x: ValueID) {
        collect(editor, id, x, depth: 0)
    }

    /// Whether this is number · xᵖ and nothing else.
    func isMultiple(of number: Float, power: Int = 1) -> Bool {
        others.isEmpty && self.power == power && isNumber(number)
    }

    func isNumber(_ number: Float) -> Bool { isClose(self.number, number, within: tolerance) }

    private mutating func collect(_ editor: GraphEditor, _ id: ValueID, _ x: ValueID, depth: Int) {
        if id == x {
            power += 1
        } else if let factor = editor.uniform(id) {
            number *= factor
            tolerance = max(tolerance, editor.tolerance(id))
        } else if depth < ProductTerms.deepest, let (a, b) = editor.operands(of: id, .multiply) {
            collect(editor, a, x, depth: depth + 1)
            collect(editor, b, x, depth: depth + 1)
        } else if depth < ProductTerms.deepest, let (a, b) = editor.operands(of: id, .divide),
            let divisor = editor.uniform(b)
        {
            number /= divisor
            tolerance = max(tolerance, editor.tolerance(b))
            collect(editor, a, x, depth: depth + 1)
        } else if let (base, exponent) = editor.operands(of: id, .power), base == x,
            let exponent = editor.uniform(exponent).flatMap({ Int(exactly: $0) }), exponent > 0
        {
            power += exponent
        } else {
            others.append(id)
        }
    }

    /// The values in a tree of products, inner ones too.
    static func candidates(_ editor: GraphEditor, _ id: ValueID, depth: Int = 0) -> [ValueID] {
        guard depth < deepest, let (a, b) = editor.operands(of: id, .multiply) ?? editor.operands(of: id, .divide)
        else {
            return []
        }
        return [a, b].flatMap { value in
            editor.uniform(value) == nil ? [value] + candidates(editor, value, depth: depth + 1) : []
        }
    }
}
