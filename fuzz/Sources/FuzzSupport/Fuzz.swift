import Glibc
public import UnmaskGraph

/// libFuzzer's driver, of the toolchain's libclang_rt.fuzzer_no_main.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// Runs libFuzzer with the program's arguments.
public func fuzz(_ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32) -> Never {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(runDriver(&count, &arguments, callback))
}

/// A file in memory, without a name, as the readers map files.
private let descriptor: Int32 = {
    var path = Array("/dev/shm/unmask-fuzz-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    unlink(path)
    return descriptor
}()

/// Writes bytes to a file in memory and returns its path.
public func file(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> String {
    guard descriptor >= 0, ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, count, 0) == count else {
        fatalError("the input cannot be written")
    }
    return "/proc/self/fd/\(descriptor)"
}

/// Reads both ends of a tensor's contents.
public func touch(_ tensor: Tensor) {
    let sum: Int = tensor.withBytes { bytes in Int(bytes.first ?? 0) + Int(bytes.last ?? 0) }
    precondition(tensor.byteCount >= 0 && sum >= 0)
}
