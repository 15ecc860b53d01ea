import CUnmaskKernels
import Testing

@Suite struct MemoryTests {
    @Test(arguments: [0, 1, 4096, 2 << 20, (2 << 20) + 1])
    func mappedMemoryIsAlignedZeroAndWritable(bytes: Int) throws {
        let memory = try #require(unmask_memory_map(bytes))
        defer { unmask_memory_unmap(memory, bytes) }
        #expect(UInt(bitPattern: memory) % 64 == 0)
        if bytes >= 2 << 20 { #expect(UInt(bitPattern: memory) % (2 << 20) == 0) }
        let bytesOfMemory = UnsafeMutableRawBufferPointer(start: memory, count: bytes)
        #expect(bytesOfMemory.allSatisfy { $0 == 0 })
        bytesOfMemory.copyBytes(from: repeatElement(7, count: bytes))
    }

    @Test func tooMuchIsRefused() {
        #expect(unmask_memory_map(.max) == nil)
        #expect(unmask_memory_map(-1) == nil)
        unmask_memory_unmap(nil, 5)
    }
}
