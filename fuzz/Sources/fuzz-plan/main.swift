import FuzzSupport
import UnmaskGraph

// Small graphs of any primitives, with any attributes, over operands of any shapes, planned and run.
fuzz { bytes, count in
    var source = ByteSource(bytes, count)
    var builder = GraphBuilder()
    let number = 1 + source.below(3)
    builder.build(&source)
    plan(builder.graph, symbols: number)
    return 0
}
