#if SANITIZE_THREAD
    @testable import UnmaskService

    typealias Mutex<Value: ~Copyable> = UnmaskService.Mutex<Value>
#endif
