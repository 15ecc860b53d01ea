import CUnmaskKernels
import Testing
import UnmaskGraph

@testable import UnmaskRuntime

/// What engines take of AMX, and what they say where they do not.
@Suite struct TileRegistersTests {
    @Test func everyReasonIsTold() {
        let states = [
            UNMASK_TILES_ABSENT, UNMASK_TILES_NOT_SAVED, UNMASK_TILES_NO_PALETTE, UNMASK_TILES_REFUSED,
            UNMASK_TILES_WRONG,
        ]
        let told = states.map { TileRegisters(unmask_tile_verdict(state: $0, error: 1)).description }
        #expect(Set(told).count == states.count)
        #expect(told.allSatisfy { $0.hasPrefix("not used: ") })
        #expect(told[3].contains("Operation not permitted"))
        #expect(TileRegisters(unmask_tile_verdict(state: UNMASK_TILES_READY, error: 0)) == .ready)
    }

    /// An engine that nobody keeps to less has AMX exactly where this process may use it.
    @Test func theBestIsWhatMayBeUsed() throws {
        let isReady = TileRegisters.here == .ready
        #expect(InstructionSet.amx.isAvailable == isReady)
        #expect((InstructionSet.best == .amx) == isReady)
        #expect(InstructionSet.best != .amxmodel)
        if !isReady {
            let refusal = #expect(throws: RuntimeError.unavailableInstructionSet(.amx)) {
                try Engine(threads: 1, instructionSet: .amx)
            }
            #expect(refusal?.description.contains(TileRegisters.here.description) == true)
        }
        let engine = try Engine(threads: 1, instructionSet: .best)
        #expect((engine.tileRegisters == .ready) == isReady)
        #expect(engine.writtenKernel(.bf16)?.isModel != true)
    }

    /// What lies below AMX in the order of names has none of it, and does not ask for it.
    @Test(arguments: InstructionSet.allCases.filter(\.isAvailable))
    func aNameIsAllThatIsTaken(set: InstructionSet) throws {
        let engine = try Engine(threads: 1, instructionSet: set)
        #expect(engine.features.contains(.tiles) == (set == .amx))
        for arithmetic in [Arithmetic.f32, .bf16, .i8] {
            guard let kernel = engine.writtenKernel(arithmetic) else { continue }
            #expect(kernel.features.isSubset(of: set.features))
            #expect(kernel.isModel == (set == .amxmodel && arithmetic != .f32))
        }
        if set != .amx, ProcessorFeatures.detected.contains(.tiles) {
            #expect(engine.tileRegisters == .notAllowed(set))
        }
        #expect(engine.tileRegistersRemark == nil || TileRegisters.here != .ready)
    }
}
