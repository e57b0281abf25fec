import Foundation

extension Kmem {
  /// `kmem bench`: measures the reference beside its peers.
  func bench(_ arguments: ArgumentList) throws(Failure) -> Int32 {
    let options = try benchOptions(arguments)
    let report = try Bench(options: options, console: console, program: BenchProcess.program).run()
    guard let path = options.json else {
      console.out(report.text)
      return 0
    }
    let json = try json(report)
    guard path != "-" else {
      console.out(json)
      return 0
    }
    let file = try OutputFile(path: path, console: console)
    try file.write(Array(json.utf8))
    try file.close()
    console.out(report.text)
    return 0
  }

  func benchOptions(_ arguments: ArgumentList) throws(Failure) -> BenchOptions {
    var list = arguments
    var options = BenchOptions()
    var rounds: Int?
    let names = (Workload.ofPages + Workload.ofObjects).map(\.name) + Bench.parts
    while let argument = try list.next() {
      switch argument {
      case "--json": options.json = try list.value("a file, or - for standard output")
      case "--rounds":
        let number: Int = try list.value("a number of rounds from 1 to 1000") {
          Int($0).flatMap { (1...1000).contains($0) ? $0 : nil }
        }
        rounds = number
      case "--only":
        options.only += try list.value("workloads, of \(names.joined(separator: ", "))") { text in
          let words = text.split(separator: ",").map(String.init)
          return words.allSatisfy(names.contains) && !words.isEmpty ? words : nil
        }
      case "--peers":
        let known = BenchPeer.all.map(\.name)
        let peers: [String] = try list.value("none, or peers of \(known.joined(separator: ", "))") {
          let words = $0 == "none" ? [] : $0.split(separator: ",").map(String.init)
          return words.allSatisfy(known.contains) ? words : nil
        }
        options.peers = peers
      case "--recording": options.recordings.append(try list.value("a recording"))
      case "--instructions": options.countsInstructions = true
      case "--quick": options.isQuick = true
      default:
        throw argument.hasPrefix("-")
          ? list.unknown(argument)
          : .usage("kmem bench takes no file; name a recording with --recording \(argument)")
      }
    }
    if options.isQuick { options.calls = 1 << 17 }
    options.rounds = rounds ?? (options.isQuick ? 3 : 7)
    return options
  }
}
