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
  /// The page frame that the recorded kernel gave.
  public var frame = 0

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
      case .mapArea: [.number(size), .number(given), cpu]
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
    for (parameter, argument) in zip(parameters, operation.arguments) {
      switch argument {
      case .text(let text): self.text = texts.number(text)
      case .block(let handle): (block, offset) = (handle.operation, handle.offset)
      case .number(let number):
        switch parameter.name {
        case "order": order = try Self.narrow(number, parameter, 0...10)
        case "type": migrateType = try Self.narrow(number, parameter, 0...9)
        case "accounted": accounted = try Self.narrow(number, parameter, 0...1) as Int == 1
        case "cpu": cpu = try Self.narrow(number, parameter, 0...8191)
        case "node": node = try Self.narrow(number, parameter, -1...1023)
        case "size": size = try Self.narrow(number, parameter, 0...Int.max)
        case "given", "align": given = try Self.narrow(number, parameter, 0...Int.max)
        case "frame": frame = try Self.narrow(number, parameter, 0...(1 << 52))
        default: throw Misuse("expected a handle such as #3, found \(number)")
        }
      }
    }
  }

  private static func narrow<Number: FixedWidthInteger>(
    _ number: Int, _ parameter: Parameter, _ range: ClosedRange<Int>
  ) throws(Misuse) -> Number {
    guard range.contains(number) else {
      throw Misuse(
        "expected \(parameter.name) in \(range.lowerBound)…\(range.upperBound), found \(number)")
    }
    return Number(number)
  }

  /// Why a ``TraceOperation`` is none of ``KernelRecording``'s.
  public struct Misuse: Error, Hashable, Sendable {
    public let reason: String
    init(_ reason: String) { self.reason = reason }
  }
}
