import Foundation
import Testing

@testable import UnmaskImage

private func nothing() throws(ImageError) {}

@Suite("the memory that decodes share")
struct DecodeMemoryTests {
    private static func watch(_ memory: DecodeMemory, stop: @escaping @Sendable () -> ImageError? = { nil })
        -> DecodeWatch
    {
        DecodeWatch(DecodeControl(memory: memory, stop: stop), .standard)
    }

    @Test("what could never fit is refused at once")
    func never() {
        let memory = DecodeMemory(capacity: 1000)
        let error = #expect(throws: ImageError.self) { try memory.holding(1001, Self.watch(memory), nothing) }
        #expect(error?.kind == .tooLarge && error?.message.contains("1001 bytes") == true)
        #expect(throws: Never.self) { try memory.holding(1000, Self.watch(memory), nothing) }
        #expect(memory.bytesInUse == 0)
    }

    @Test("what does not fit now waits its turn, and never do more bytes stand than there are")
    func waiting() async {
        let memory = DecodeMemory(capacity: 100)
        let (held, ended) = (Counter(), Counter())
        // Threads of their own: so many waiters would block those of Swift's tasks.
        await withCheckedContinuation { done in
            for index in 0..<24 {
                Thread.detachNewThread {
                    let bytes = 10 + index * 37 % 91
                    do throws(ImageError) {
                        try memory.holding(bytes, Self.watch(memory)) { () throws(ImageError) in
                            #expect(held.add(bytes) <= 100)
                            usleep(200)
                            held.add(-bytes)
                        }
                    } catch { Issue.record(error) }
                    if ended.add() == 24 { done.resume() }
                }
            }
        }
        #expect(memory.bytesInUse == 0 && memory.waitingDecodes == 0)
    }

    @Test("one that waits can be cancelled, and those behind it go on")
    func cancelledWhileWaiting() throws {
        let memory = DecodeMemory(capacity: 100)
        let (cancelled, wasCancelled, wentOn) = (Counter(), Counter(), Counter())
        try memory.holding(60, Self.watch(memory)) { () throws(ImageError) in
            Thread.detachNewThread {
                let watch = Self.watch(memory) { cancelled.count > 0 ? ImageError(.cancelled, "") : nil }
                do throws(ImageError) { try memory.holding(90, watch, nothing) } catch { wasCancelled.add() }
            }
            while memory.waitingDecodes < 1 { usleep(100) }
            // There is room for this one, but it is not its turn.
            Thread.detachNewThread {
                do throws(ImageError) {
                    _ = try memory.holding(30, Self.watch(memory)) { () throws(ImageError) in wentOn.add() }
                } catch {}
            }
            while memory.waitingDecodes < 2 { usleep(100) }
            #expect(wentOn.count == 0)
            cancelled.add()
            while wasCancelled.count + wentOn.count < 2 { usleep(100) }
        }
        #expect(wasCancelled.count == 1 && wentOn.count == 1)
        #expect(memory.bytesInUse == 0)
    }

    @Test("an image takes what its header says, and is refused by name where that is never there")
    func images() throws {
        let progressive = MadeJPEG(width: 1000, height: 1000, scans: 10).encoded
        let recipe = try Recipe(.squash, height: 8, width: 8)
        // Coefficients of two bytes.
        func error(_ capacity: Int) -> ImageError? {
            do throws(ImageError) {
                _ = try recipe.prepare(progressive, control: DecodeControl(memory: DecodeMemory(capacity: capacity)))
                return nil
            } catch { return error }
        }
        #expect(error(2_000_000)?.kind == .tooLarge)
        #expect(error(2_300_000) == nil)
    }
}
