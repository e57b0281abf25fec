/// One operation of a ``KernelRecording`` in plain numbers, for files of millions of them.
///
/// The same thing as a ``TraceOperation`` of that vocabulary, without an array or a text of its own; texts are
/// numbers of a ``TextTable``. Fields that the verb does not have are 0.
public struct KernelOperation: Hashable, Sendable, BitwiseCopyable {
  public var verb: KernelVerb
  /// Of pages: 2^order page frames.
  public var order: UInt8 = 0
  /// 0 unmovable, 1 movable, 2 reclaimable, and so on as the kernel counts (`enum migratetype`).
  public var migrateType: UInt8 = 0
  /// Whether a memory cgroup was charged.
  public var accounted = false
  public var cpu: UInt16 = 0
  /// The NUMA node asked for; -1 where any would do.
  public var node: Int16 = 0
  /// The GFP mask's text, or the cache's name, as a number of a ``TextTable``.
  public var text: Int32 = 0
  /// What is given back or split: the operation that asked for it, counted from 0, and the offset into it.
  public var block = 0
  public var offset = 0
  /// In bytes: what was asked for.
  public var size = 0
  /// In bytes: what the kernel handed out. Of areas: the alignment asked for.
  public var given = 0
  /// The page frame that the recorded kernel gave. Of areas: the number of the first page, address / 4096.
  public var frame = 0
  /// Of areas: the first page, and one past the last, between which the area had to lie.
  public var low = 0
  public var high = 0

  public init(_ verb: KernelVerb) { self.verb = verb }

  /// The handle of what is given back or split.
  public var handle: Handle { Handle(block, offset: offset) }

  /// The operation in the general form, for printing.
  public func traceOperation(_ texts: TextTable) -> TraceOperation {
    let cpu = Argument.number(Int(cpu))
    let arguments: [Argument] =
      switch verb {
      case .pages:
        [
          .number(Int(order)), .text(texts[text]), .number(Int(migrateType)), cpu, .number(frame),
        ]
      case .freePages: [.block(handle), .number(Int(order)), cpu]
      case .splitPages: [.block(handle)]
      case .kmalloc, .cacheAlloc:
        [
          .number(size), .number(given), .text(texts[text]), .number(Int(node)),
          .number(accounted ? 1 : 0), cpu,
        ]
      case .kfree, .vfree, .unmapArea: [.block(handle), cpu]
      case .cacheFree: [.block(handle), .text(texts[text]), cpu]
      case .vmalloc: [.number(size), .number(given), .text(texts[text]), cpu]
      case .mapArea:
        [.number(size), .number(given), .number(low), .number(high), cpu, .number(frame)]
      case .purgeAreas: [cpu]
      }
    return TraceOperation(verb: verb.rawValue, arguments)
  }

  /// Reads an operation of ``KernelRecording/vocabulary``.
  ///
  /// - Throws: ``Misuse`` when an argument is out of its range, or a block is no handle.
  public init(_ operation: TraceOperation, texts: inout TextTable) throws(Misuse) {
    guard let verb = KernelVerb(rawValue: operation.verb) else {
      throw Misuse("verb \(operation.verb) is none of KernelRecording")
    }
    self.init(verb)
    let parameters = KernelRecording.vocabulary.verbs[Int(verb.rawValue)].parameters
    guard operation.arguments.count == parameters.count else {
      throw Misuse("\(verb.definition.name) takes \(parameters.count) arguments")
    }
    func number<Number: FixedWidthInteger>(
      _ place: Int, _ range: ClosedRange<Int>
    ) throws(Misuse) -> Number {
      guard case .number(let number) = operation.arguments[place], range.contains(number) else {
        throw Misuse(parameters[place], range, operation.arguments[place])
      }
      return Number(number)
    }
    func text(_ place: Int) throws(Misuse) -> Int32 {
      guard case .text(let text) = operation.arguments[place] else {
        throw Misuse("expected \(parameters[place].name) to be a text")
      }
      return texts.number(text)
    }
    if verb.takesHandle {
      guard case .block(let handle) = operation.arguments[0] else {
        throw Misuse(block: operation.arguments[0])
      }
      (block, offset) = (handle.operation, handle.offset)
    }
    let cpus = 0...8191
    switch verb {
    case .pages:
      order = try number(0, 0...10)
      self.text = try text(1)
      migrateType = try number(2, 0...9)
      cpu = try number(3, cpus)
      frame = try number(4, 0...(1 << 52))
    case .freePages:
      order = try number(1, 0...10)
      cpu = try number(2, cpus)
    case .splitPages: break
    case .kmalloc, .cacheAlloc:
      size = try number(0, 0...Int.max)
      given = try number(1, 0...Int.max)
      self.text = try text(2)
      node = try number(3, -1...1023)
      accounted = try number(4, 0...1) as Int == 1
      cpu = try number(5, cpus)
    case .kfree, .vfree, .unmapArea: cpu = try number(1, cpus)
    case .cacheFree:
      self.text = try text(1)
      cpu = try number(2, cpus)
    case .vmalloc:
      size = try number(0, 0...Int.max)
      given = try number(1, 0...Int.max)
      self.text = try text(2)
      cpu = try number(3, cpus)
    case .mapArea:
      size = try number(0, 0...Int.max)
      given = try number(1, 0...Int.max)
      low = try number(2, 0...(1 << 52))
      high = try number(3, 0...(1 << 52))
      cpu = try number(4, cpus)
      frame = try number(5, 0...(1 << 52))
    case .purgeAreas: cpu = try number(0, cpus)
    }
  }

  /// Why a ``TraceOperation`` is none of ``KernelRecording``'s.
  public struct Misuse: Error, Hashable, Sendable {
    public let reason: String
    init(_ reason: String) { self.reason = reason }

    init(_ parameter: Parameter, _ range: ClosedRange<Int>, _ argument: Argument) {
      var found = "no number"
      if case .number(let number) = argument { found = String(number) }
      reason =
        "expected \(parameter.name) in \(range.lowerBound)…\(range.upperBound), found \(found)"
    }

    init(block argument: Argument) {
      var found = "a text"
      if case .number(let number) = argument { found = String(number) }
      reason = "expected a handle such as #3, found \(found)"
    }
  }
}
