import PropertyTesting
import PropertyTestingSupport
import Testing

@testable import KernelMemory

/// Random sequences of calls against a model that knows every byte, with all invariants after every call.
@Suite("Random commands of processes") struct UserMemoryRandomTests {
  @Test("maps, touches, forks, swaps and ends")
  func commands() async {
    let report = await checkProperty("processes see their own bytes alone", runs: 60) { choices in
      let model = try UserModel()
      try choices.commands(average: 40, max: 200) {
        switch try choices.weighted([5, 14, 8, 1, 3, 3, 5, 1]) {
        case 0: try model.map(choices)
        case 1: try model.write(choices)
        case 2: try model.read(choices)
        case 3: try model.unmap(choices)
        case 4: try model.fork(choices)
        case 5: try model.moveBreak(choices)
        case 6: try model.reclaim(choices)
        default: try model.exit(choices)
        }
        try model.check()
      }
      try model.end()
    }
    for label in ["copied", "swapped in", "segmentation fault"] {
      #expect(report.labels[label, default: 0] > 2, "\(label)")
    }
  }
}

private final class UserModel {
  struct Process {
    let space: AddressSpace
    /// The first word of each page that is mapped.
    var pages: [UInt64: Int] = [:]
    var heapPages = 0
  }
  struct Wrong: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  let machine: Machine
  let memory: UserMemory
  private var processes: [Process]
  private var stamps = 0
  private var pid = 1

  init() throws {
    machine = try Machine(memory: 2 << 20)
    memory = try UserMemory(
      machine: machine, swapPages: 40, reclaims: false, cpu: machine.cpus[0])
    processes = [
      Process(space: try AddressSpace(memory: memory, name: "first", cpu: machine.cpus[0]))
    ]
  }

  private var cpu: CPU { machine.cpus[0] }
  /// Few, so that calls meet.
  private func address(_ choices: Choices) throws -> VirtualAddress {
    VirtualAddress(0x40_0000) + (try choices.draw(0...11)) * pageSize
  }
  private func index(_ choices: Choices) throws -> Int {
    try choices.draw(0...processes.count - 1)
  }

  func map(_ choices: Choices) throws {
    let process = try index(choices)
    let start = try address(choices)
    let pages = try choices.draw(1...6)
    choices.note("\(process): mmap \(pages) pages at \(start)")
    let addresses = (0..<pages).map { (start + $0 * pageSize).rawValue }
    let isFree = addresses.allSatisfy { processes[process].pages[$0] == nil }
    do {
      _ = try processes[process].space.mmap(pages * pageSize, at: start)
      guard isFree else { throw Wrong("an overlapping mapping was accepted") }
      for address in addresses { processes[process].pages[address] = 0 }
    } catch UserMemoryError.occupied {
      if isFree { throw Wrong("a free range was refused") }
    }
  }

  func unmap(_ choices: Choices) throws {
    let process = try index(choices)
    let start = try address(choices)
    let pages = try choices.draw(1...4)
    choices.note("\(process): munmap \(pages) pages at \(start)")
    try processes[process].space.munmap(start, pages * pageSize, cpu: cpu)
    for page in 0..<pages {
      processes[process].pages[(start + page * pageSize).rawValue] = nil
    }
  }

  func moveBreak(_ choices: Choices) throws {
    let process = try index(choices)
    let pages = try choices.draw(0...6)
    choices.note("\(process): brk to \(pages) pages")
    let space = processes[process].space
    try space.brk(space.heapStart + pages * pageSize, cpu: cpu)
    for page in 0..<6 {
      let address = (space.heapStart + page * pageSize).rawValue
      if page >= pages {
        processes[process].pages[address] = nil
      } else if page >= processes[process].heapPages {
        processes[process].pages[address] = 0
      }
    }
    processes[process].heapPages = pages
  }

  private func anywhere(_ process: Int, _ choices: Choices) throws -> VirtualAddress {
    try choices.weighted([3, 1]) == 0
      ? try address(choices)
      : processes[process].space.heapStart + (try choices.draw(0...6)) * pageSize
  }

  func write(_ choices: Choices) throws {
    let process = try index(choices)
    let place = try anywhere(process, choices)
    choices.note("\(process): write at \(place)")
    stamps += 1
    let before = memory.statistics
    do {
      try processes[process].space.store(stamps, at: place, cpu: cpu)
      guard processes[process].pages[place.rawValue] != nil else {
        throw Wrong("a write to \(place), where nothing is mapped, was accepted")
      }
      processes[process].pages[place.rawValue] = stamps
      if memory.statistics.copies > before.copies { choices.label("copied") }
      if memory.statistics.majorFaults > before.majorFaults { choices.label("swapped in") }
    } catch UserFault.segmentationFault {
      choices.label("segmentation fault")
      if processes[process].pages[place.rawValue] != nil { throw Wrong("\(place) is mapped") }
    }
  }

  func read(_ choices: Choices) throws {
    let process = try index(choices)
    let place = try anywhere(process, choices)
    choices.note("\(process): read at \(place)")
    let before = memory.statistics.majorFaults
    do {
      let value = try processes[process].space.load(at: place, as: Int.self, cpu: cpu)
      guard value == processes[process].pages[place.rawValue] else {
        throw Wrong("\(place) reads \(value)")
      }
      if memory.statistics.majorFaults > before { choices.label("swapped in") }
    } catch UserFault.segmentationFault {
      if processes[process].pages[place.rawValue] != nil { throw Wrong("\(place) is mapped") }
    }
  }

  func fork(_ choices: Choices) throws {
    guard processes.count < 5 else { return }
    let process = try index(choices)
    choices.note("\(process): fork")
    pid += 1
    guard let child = try processes[process].space.fork(pid: pid, cpu: cpu) else { return }
    var copy = Process(space: child)
    copy.pages = processes[process].pages
    copy.heapPages = processes[process].heapPages
    processes.append(copy)
  }

  func exit(_ choices: Choices) throws {
    guard processes.count > 1 else { return }
    let process = try index(choices)
    choices.note("\(process): exit")
    processes.remove(at: process).space.exit(cpu: cpu)
  }

  func reclaim(_ choices: Choices) throws {
    let pages = try choices.draw(1...10)
    choices.note("reclaim \(pages) pages")
    let before = allocated
    let freed = memory.reclaim(pages: pages, cpu: cpu)
    guard freed <= pages, allocated == before - freed else { throw Wrong("freed \(freed) pages") }
  }

  private var allocated: Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  func check() throws {
    try memory.checkInvariants()
    for process in processes {
      let resident = process.space.resident + process.space.swapEntries
      guard resident <= process.pages.count else { throw Wrong("\(resident) pages are held") }
    }
  }

  func end() throws {
    for process in processes {
      for (address, value) in process.pages {
        let found = try process.space.load(at: VirtualAddress(address), as: Int.self, cpu: cpu)
        guard found == value else { throw Wrong("\(VirtualAddress(address)) reads \(found)") }
      }
      process.space.exit(cpu: cpu)
    }
    guard allocated == 1, memory.usedSwapPages == 0 else {
      throw Wrong("\(allocated - 1) pages and \(memory.usedSwapPages) slots leaked")
    }
  }
}
