internal import CUnmaskKernels

extension Execution {
    func run(_ call: Instruction.RelateHeads) {
        var call = unmask_relation(
            rows: call.rows, heads: call.grid.heads, head_dim: call.headWidth, height: call.grid.rows,
            width: call.grid.columns, x: floats(call.x), table_rows: floats(call.tableRows),
            table_columns: floats(call.tableColumns), y: floats(call.out))
        unmask_f32_relate_heads(engine, &call)
    }

    func run(_ call: Instruction.Depthwise) {
        var call = unmask_depthwise(
            batch: call.batch, height: call.height, width: call.width, channels: call.channels, kernel: call.kernel,
            x: floats(call.x), weight: floats(call.weight), bias: floats(call.bias), y: floats(call.out))
        unmask_f32_depthwise(engine, &call)
    }
}
