internal import CUnmaskKernels

extension Execution {
    func run(_ call: Instruction.Depthwise) {
        var call = unmask_depthwise(
            batch: call.batch, height: call.height, width: call.width, channels: call.channels, kernel: call.kernel,
            x: floats(call.x), weight: floats(call.weight), bias: floats(call.bias), y: floats(call.out))
        unmask_f32_depthwise(engine, &call)
    }
}
