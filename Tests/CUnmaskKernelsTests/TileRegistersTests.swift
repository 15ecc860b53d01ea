import CUnmaskKernels
import Glibc
import Testing

/// What has to be before a tile instruction runs, each step forced to fail.
@Suite struct TileRegistersTests {
    private static let good = unmask_tile_questions(
        in_processor: { true }, saved: { true }, have_palette: { true }, request: { 0 }, multiply_as_modelled: { true })

    /// Behind a step that fails nothing may be asked: the next tile instruction would end the process.
    private static let unasked = unmask_tile_questions(
        in_processor: { refuse() }, saved: { refuse() }, have_palette: { refuse() },
        request: { refuse() ? 0 : EIO }, multiply_as_modelled: { refuse() })

    private static func refuse() -> Bool {
        Issue.record("asked behind a step that failed")
        return false
    }

    @Test func everyStepCanFail() {
        var questions = Self.unasked
        func verdict(_ change: (inout unmask_tile_questions) -> Void) -> unmask_tile_verdict {
            var failing = questions
            change(&failing)
            return unmask_tiles_examine(&failing)
        }
        #expect(verdict { $0.in_processor = { false } }.state == UNMASK_TILES_ABSENT)
        questions.in_processor = Self.good.in_processor
        #expect(verdict { $0.saved = { false } }.state == UNMASK_TILES_NOT_SAVED)
        questions.saved = Self.good.saved
        #expect(verdict { $0.have_palette = { false } }.state == UNMASK_TILES_NO_PALETTE)
        questions.have_palette = Self.good.have_palette
        for (error, request) in [(EINVAL, { EINVAL }), (EPERM, { EPERM })] as [(Int32, @convention(c) () -> Int32)] {
            let refused = verdict { $0.request = request }
            #expect(refused.state == UNMASK_TILES_REFUSED && refused.error == error)
        }
        questions.request = Self.good.request
        #expect(verdict { $0.multiply_as_modelled = { false } }.state == UNMASK_TILES_WRONG)
        questions.multiply_as_modelled = Self.good.multiply_as_modelled
        #expect(verdict { _ in }.state == UNMASK_TILES_READY)
    }

    /// The features that need leave are those of engines where it was given, and no others.
    @Test func enginesWithoutLeaveAreRefused() throws {
        let amx = unmask_features(UNMASK_FEATURE_AMX_TILE | UNMASK_FEATURE_AMX_BF16 | UNMASK_FEATURE_AMX_INT8)
        let isReady = unmask_tiles_verdict().state == UNMASK_TILES_READY
        let engine = unmask_engine_create(amx, 1)
        #expect((engine != nil) == isReady)
        unmask_engine_destroy(engine)
        #expect(unmask_features_are_usable(amx) == isReady)
        #expect(unmask_features_are_usable(unmask_features(UNMASK_FEATURE_AMX_MODEL)))
        #expect(!unmask_features_are_usable(1 << 31))
    }

    /// An engine multiplies by a model only where it was made for it.
    @Test func noEngineTakesTheModelUnasked() throws {
        let amx = unmask_features(UNMASK_FEATURE_AMX_TILE)
        let engine = try Engine(features: unmask_features_detected() & ~amx)
        for arithmetic in [UNMASK_ARITHMETIC_BF16, UNMASK_ARITHMETIC_I8] {
            let kernel = try #require(unmask_product_kernel_of(engine.handle, arithmetic))
            #expect(unmask_product_kernel_features(kernel) & unmask_features(UNMASK_FEATURE_AMX_MODEL) == 0)
        }
    }
}
