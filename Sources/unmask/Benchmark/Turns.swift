/// Says that it is warm, then measures once for every line on standard input and prints the seconds: a worker of
/// `bench/peers/lockstep.py`, whose programs run in turns.
func answerInTurns(_ seconds: () async throws -> Double) async throws {
    Console.result("ready")
    while readLine() != nil { Console.result(String(try await seconds())) }
}
