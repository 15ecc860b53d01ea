internal import CUnmaskKernels

extension Execution {
    /// - Parameter reach: of the tokens whose numbers are asked for; nil: it is asked where they stand.
    func run(_ call: Instruction.Units, _ reach: ClosedRange<Int>?) {
        var units = unmask_units(
            batch: call.batch, rows: call.grid.rows, columns: call.grid.columns, side: call.grid.side, kept: call.kept,
            ids_keep: ids(call.ids), scratch: address(call.scratch).assumingMemoryBound(to: Int32.self))
        let out = address(call.out).assumingMemoryBound(to: Int32.self)
        if let reach {
            unmask_unit_tokens(engine, &units, reach.lowerBound, reach.upperBound, out)
        } else {
            unmask_unit_places(engine, &units, out)
        }
    }

    func run(_ call: Instruction.Depthwise) {
        var call = unmask_depthwise(
            batch: call.batch, height: call.height, width: call.width, channels: call.channels, kernel: call.kernel,
            x: floats(call.x), weight: floats(call.weight), bias: floats(call.bias), y: floats(call.out))
        unmask_f32_depthwise(engine, &call)
    }
}
