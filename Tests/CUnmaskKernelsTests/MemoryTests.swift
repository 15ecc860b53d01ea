import CUnmaskKernels
import Testing

@Suite struct MemoryTests {
    @Test(arguments: [0, 1, 4096, 2 << 20, (2 << 20) + 1, 50 << 20])
    func mappedMemoryIsAlignedZeroAndWritable(bytes: Int) throws {
        let memory = try #require(unmask_memory_map(bytes))
        defer { unmask_memory_unmap(memory, bytes) }
        #expect(UInt(bitPattern: memory) % 64 == 0)
        if bytes >= 2 << 20 { #expect(UInt(bitPattern: memory) % (2 << 20) == 0) }
        for offset in Array(stride(from: 0, to: bytes, by: 4096)) + (bytes > 0 ? [bytes - 1] : []) {
            #expect(memory.load(fromByteOffset: offset, as: UInt8.self) == 0)
            memory.storeBytes(of: 7, toByteOffset: offset, as: UInt8.self)
        }
    }

    @Test func tooMuchIsRefused() {
        #expect(unmask_memory_map(.max) == nil)
        #expect(unmask_memory_map(-1) == nil)
        unmask_memory_unmap(nil, 5)
    }
}
