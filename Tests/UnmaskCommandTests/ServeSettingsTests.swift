import Foundation
import Testing
@testable import unmask

/// Options of `serve` from files, variables and the command line: what is said nearest counts, and nothing is lost.
@Suite struct ServeSettingsTests {
    private static func settings(
        _ arguments: [String] = [], _ environment: [String: String] = [:], file text: String? = nil
    ) throws -> ServeSettings {
        guard let text else { return try ServeSettings(arguments, environment) }
        let folder = try TemporaryFolder()
        let path = folder.file("unmask.yaml")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return try ServeSettings(arguments + ["--config", path], environment)
    }

    @Test("every option there is can be given by its variable, and by its name in a file")
    func everyOption() throws {
        let options = try ServeOption.all().filter { !["config", "print-config"].contains($0.name) }
        #expect(options.count > 30 && options.contains { $0.isFlag } && options.contains { $0.isRepeating })
        for option in options {
            let value = option.isFlag ? "true" : "7"
            let expected = option.isFlag ? ["--\(option.name)"] : ["--\(option.name)", "7"]
            if !["UNMASK_CACHE", "UNMASK_ISA"].contains(option.variable) {
                #expect(try Self.settings([], [option.variable: value]).arguments == expected)
            }
            for name in [option.name, option.name.replacing("-", with: "_")] {
                #expect(try Self.settings(file: "\(name): \(value)\n").arguments == expected)
            }
            // What stands nearer is not said again.
            let given = option.isFlag ? ["--\(option.name)"] : ["--\(option.name)=8"]
            #expect(
                try Self.settings(given, [option.variable: value], file: "\(option.name): \(value)").arguments.isEmpty)
            if !["UNMASK_CACHE", "UNMASK_ISA"].contains(option.variable) {
                let nearer = option.isFlag ? "false" : "9"
                let found = try Self.settings([], [option.variable: nearer], file: "\(option.name): \(value)").arguments
                #expect(found == (option.isFlag ? expected : ["--\(option.name)", "9"]))
            }
        }
    }

    @Test("models of a file have names, heads and options of their own")
    func models() throws {
        let text = """
            models:
              - path: models/shoes.safetensors
                precision: int8
                size: 384
              - name: faces
                path: /srv/f.onnx
                heads:
                  age: /srv/age.head
            queue-wait: 250
            allow-path: [/srv/a, /srv/b]
            no-page: false
            on_demand: true
            """
        let arguments = try Self.settings(file: text).arguments
        func values(_ name: String) -> [String] {
            arguments.indices.filter { arguments[$0] == name }.map { arguments[$0 + 1] }
        }
        #expect(values("--model") == ["shoes=models/shoes.safetensors", "faces=/srv/f.onnx"])
        #expect(Set(values("--model-option")) == ["shoes.precision=int8", "shoes.size=384"])
        #expect(values("--head") == ["age=/srv/age.head"] && values("--queue-wait") == ["250"])
        #expect(values("--allow-path") == ["/srv/a", "/srv/b"])
        #expect(arguments.contains("--on-demand") && !arguments.contains("--no-page"))
        #expect(
            try Self.settings([], ["UNMASK_ALLOW_PATH": "/x,/y"]).arguments == [
                "--allow-path", "/x", "--allow-path", "/y",
            ])
    }

    @Test("what is printed is a file that says the same")
    func printed() throws {
        let first = try Self.settings(
            ["--model", "it's=a b.safetensors", "--queue", "5"], ["UNMASK_LOG_LEVEL": "debug"], file: "on-demand: true")
        let second = try Self.settings(file: try first.yaml())
        func told(_ settings: ServeSettings) -> [String: [String]] {
            Dictionary(settings.given.map { ($0.option.name, $0.values) }) { $1 }.filter { $0.key != "config" }
        }
        #expect(told(first) == told(second) && told(first)["model"] == ["it's=a b.safetensors"])
        #expect(try first.yaml().contains("log-level: 'debug'  # UNMASK_LOG_LEVEL"))
        #expect(try first.yaml().contains("# batch: 8"))
    }

    @Test(
        "what is no option, or no value of one, is refused by name and place",
        arguments: [
            ("queue: 5\nqueu: 6\n", "line 2: queu is no option of serve; there are queue, queue-wait"),
            ("queue: [1, 2]\n", "queue is given 2 values"), ("on-demand: 3\n", "expected true or false"),
            ("queue: {a: 1}\n", "line 1: expected a value"), ("- queue\n", "expected options by name"),
            ("models:\n  - name: x\n", "line 2: a model: expected path"), ("models: 3\n", "expected a list"),
            ("queue: \"5\n", "no YAML"), ("queue: 5\nqueue: 6\n", "queue"),
            ("config: other.yaml\n", "config is no option"),
        ])
    func refusals(_ text: String, _ words: String) {
        let error = #expect(throws: (any Error).self) { try Self.settings(file: text) }
        #expect(error.map { "\($0)".contains(words) } ?? false, "\(words): \(error.map { "\($0)" } ?? "")")
    }

    @Test("without a model, those that are installed with the program are served, and no others")
    func shipped() throws {
        let folder = try TemporaryFolder()
        let share = folder.file("share/unmask")
        let program = URL(fileURLWithPath: folder.file("bin/unmask"))
        try FileManager.default.createDirectory(atPath: share, withIntermediateDirectories: true)
        #expect(ShippedModels.paths(besides: program).isEmpty)
        for name in ["fashion-mae", "fashion-vit", "other"] {
            try Data().write(to: URL(fileURLWithPath: share + "/\(name).safetensors"))
        }
        let expected = ["fashion-vit", "fashion-mae"].map { share + "/\($0).safetensors" }
        #expect(ShippedModels.paths(besides: program) == expected)
        #expect(try Self.settings([], ["UNMASK_PROGRAM": "x"]).strangeVariables.isEmpty)
    }

    @Test("an error says where the option stood that it is about; strange variables are told")
    func sources() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("unmask.yaml")
        try Data("model: \(Shipped.classifier)\nqueue: many\n".utf8).write(to: URL(fileURLWithPath: path))
        let wrong = try CommandLineRunner("serve", "--config", path)
        #expect(wrong.code == 2 && wrong.errors.contains("--queue is from \(path)"), "\(wrong.errors)")
        let variable = try CommandLineRunner(
            list: ["serve", "--model", Shipped.classifier], environment: ["UNMASK_QUEUE": "0"])
        #expect(variable.code == 2 && variable.errors.contains("--queue is from UNMASK_QUEUE"), "\(variable.errors)")
        #expect(try Self.settings([], ["UNMASK_QEUE": "5", "UNMASK_CACHE": "x"]).strangeVariables == ["UNMASK_QEUE"])
        let printed = try CommandLineRunner(
            list: ["serve", "--model", Shipped.classifier, "--print-config"], environment: ["UNMASK_QUEUE": "5"])
        #expect(printed.code == 0 && printed.output.contains("queue: '5'  # UNMASK_QUEUE"), "\(printed.errors)")
        let other = try CommandLineRunner(
            "serve", "--model", Shipped.classifier, "--model-option", "nobody.size=28")
        #expect(
            other.code == 2 && other.errors.contains("there is no such model; there are fashion-vit"), "\(other.errors)"
        )
    }
}
