/// Someone else's runtime, reached through a Python that has it. Rows are in `PythonRuntime+Table.swift`.
struct PythonRuntime: Sendable {
    /// What reports call it.
    let label: String
    /// The packages that are needed, by the names they are imported by; the runtime's own is the first.
    let modules: [String]
    /// The installed distribution whose version is reported.
    let distribution: String
    /// Whether it rounds to another precision than the file's by itself, such as bfloat16.
    var isRounded = false
    /// Whether its arithmetic is another than IEEE's in IEEE's order, such as a GELU that is approximated: results are
    /// then compared by direction.
    var isApproximate = false
    /// Whether its converter takes the target's arguments, and may round.
    var isConverted = false
    /// Python that defines `run`, which takes arrays by the inputs' names and gives arrays by the outputs'. It finds
    ///
    /// - `model`, the file; `folder`, an empty folder for what it is converted to, as `model.` with its own endings;
    /// - `inputs` and `outputs`, names in the file's order; `first`, arrays for a first pass;
    /// - `arguments`, what the target's table tells the converter;
    /// - `command`, which runs a program and stops where it fails.
    let script: String

    /// `N.INPUT.npy` of each batch in, `N.OUTPUT.npy` and `milliseconds` of a pass out.
    var program: String {
        """
        import json, os, subprocess, sys, time, numpy
        model, exchange, count, wishes = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
        folder, inputs, outputs, arguments = wishes["folder"], wishes["inputs"], wishes["outputs"], wishes["arguments"]
        load = lambda batch: {name: numpy.load(f"{exchange}/{batch}.{name}.npy") for name in inputs}
        first = load(0)

        def command(*words, **options):
            done = subprocess.run(words, capture_output=True, text=True, **options)
            if done.returncode:
                sys.exit(f"{words[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")

        \(script)
        for batch in range(count):
            for name, array in run(load(batch)).items():
                numpy.save(f"{exchange}/{batch}.{name}.npy", numpy.ascontiguousarray(array, dtype=numpy.float32))
        times = []
        while len(times) < \(Self.timedPasses) and sum(times) < \(Self.timedMilliseconds):
            start = time.perf_counter()
            run(first)
            times.append(1000 * (time.perf_counter() - start))
        numpy.save(f"{exchange}/milliseconds.npy", numpy.array([sorted(times)[len(times) // 2]], numpy.float32))
        """
    }

    /// The report has the median of this many, or of as many as go into this time.
    private static let timedPasses = 7
    private static let timedMilliseconds = 3000
}
