/// Finds what is known of a primitive's results from what is known of its operands.
enum Inference {
    static func infer(
        _ primitive: Primitive, named name: String, operands: [Fact?], count: Int
    ) throws(GraphError) -> [Fact] {
        throw .shapeUnknown(node: name, op: primitive.name, problem: "no rule infers its shape")
    }
}
