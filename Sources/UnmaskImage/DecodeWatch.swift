/// One decode under its control: counts what goes by, asks in time, and remembers the answer for decoders in C, which can
/// only be told to stop.
final class DecodeWatch {
    let limits: ImageLimits
    /// What becomes of gray samples of more than 8 bits.
    let wideGray: Recipe.WideGray
    private let control: DecodeControl
    private let started: Duration
    private var samplesUntilPoll = 0
    /// Why the decode is to stop.
    private(set) var reason: ImageError?

    var memory: DecodeMemory { control.memory }

    init(_ control: DecodeControl, _ limits: ImageLimits, wideGray: Recipe.WideGray = .clamp) {
        self.control = control
        self.limits = limits
        self.wideGray = wideGray
        started = control.processorTime()
    }

    /// Tells that gray of so many bits becomes white where it is above 255.
    func tellOfClampedGray(bits: Int) {
        control.notice(.clampedGray(bits: bits))
    }

    /// Asks whether to go on, if so much has gone by with these samples.
    func pass(samples: Int) throws(ImageError) {
        samplesUntilPoll -= min(samples, control.samplesBetweenPolls)
        guard samplesUntilPoll <= 0 else { return }
        samplesUntilPoll = control.samplesBetweenPolls
        try poll()
    }

    /// Asks whether to go on.
    func poll() throws(ImageError) {
        if let reason { throw reason }
        do throws(ImageError) {
            if let reason = control.stop() { throw reason }
            try limits.check(processorTime: control.processorTime() - started)
        } catch {
            reason = error
            throw error
        }
    }

    /// The same for decoders in C: true where they are to stop.
    func stops(afterSamples samples: Int) -> Bool {
        do throws(ImageError) {
            try pass(samples: samples)
            return false
        } catch {
            return true
        }
    }
}
