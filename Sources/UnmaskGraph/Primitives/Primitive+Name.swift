extension Primitive {
    /// The operation's name, as reports and errors show it: that of the case.
    public var name: String {
        switch self {
        case .unary(let function): String(describing: function).prefix { $0 != "(" }.description
        case .binary(let function): function.rawValue
        case .reduce(let reduction, _, _): "reduce " + reduction.rawValue
        default: String(describing: self).prefix { $0 != "(" }.description
        }
    }
}
