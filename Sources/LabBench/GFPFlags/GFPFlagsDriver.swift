import AllocationTrace
import LabKit

/// Puts the questions of a trace to one instance of an implementation.
public struct GFPFlagsDriver<Rules: GFPFlagRules>: Driver {
  private let rules = Rules()

  public init() {}

  public mutating func perform(_ operation: TraceOperation) -> Outcome {
    guard let verb = GFPFlagsVerb(rawValue: operation.verb) else {
      return .refused("the lab has no verb \(operation.verb)")
    }
    switch (verb, operation.arguments.first) {
    case (.value, .text(let name)?):
      guard let type = GFPType(rawValue: name) else {
        return .refused("no type is called \(name)")
      }
      return Self.outcome(rules.mask(of: type))
    case (.parse, .text(let text)?):
      do throws(BadGFPText) {
        return Self.outcome(try rules.parse(text))
      } catch {
        return .refused(String(describing: error))
      }
    case (.flags, _):
      guard let situation = GFPSituation(operation.arguments) else {
        return .refused("no such situation")
      }
      return Self.outcome(rules.flags(for: situation))
    case (_, .text(let text)?):
      guard let bits = GFPHex.mask(text) else {
        return .refused("\(text) is not a mask: write 0x and hexadecimal digits")
      }
      return answer(verb, GFPMask(rawValue: bits), operation.arguments.dropFirst().first)
    default:
      return .refused("the verb \(verb.description.name) asks about a mask")
    }
  }

  /// Answers a question about a mask.
  private func answer(_ verb: GFPFlagsVerb, _ mask: GFPMask, _ second: Argument?) -> Outcome {
    switch (verb, second) {
    case (.zoneModifiers, _): return Self.outcome(rules.zoneModifiers(of: mask))
    case (.actionModifiers, _): return Self.outcome(rules.actionModifiers(of: mask))
    case (.baseType, _): return rules.baseType(of: mask).map { .text($0.rawValue) } ?? .none
    case (.sleeps, _): return .truth(rules.maySleep(mask))
    case (.startsIO, _): return .truth(rules.mayStartIO(mask))
    case (.entersFileSystem, _): return .truth(rules.mayEnterFileSystem(mask))
    case (.zones, .text(let name)?):
      guard let machine = GFPMachine.all.first(where: { $0.name == name }) else {
        return .refused("no machine is called \(name)")
      }
      return rules.zones(for: mask, on: machine).map { .numbers($0.map(\.rawValue)) } ?? .none
    case (.watermark, .number(let min)?): return .number(rules.watermark(for: mask, min: min))
    case (.print, _): return .text(rules.text(of: mask))
    default: return .refused("the verb \(verb.description.name) lacks an argument")
    }
  }

  private static func outcome(_ mask: GFPMask) -> Outcome { .number(Int(mask.rawValue)) }
}

extension GFPSituation {
  /// The situation that the arguments of the verb `flags` spell, or nil.
  public init?(_ arguments: [Argument]) {
    let words = arguments.map { argument in
      if case .text(let word) = argument { word } else { "" }
    }
    guard words.count == 4, let context = Context(rawValue: words[0]),
      let code = Code(rawValue: words[1]), let memory = Memory(rawValue: words[2]),
      ["yes", "no"].contains(words[3])
    else { return nil }
    self.init(context: context, code: code, memory: memory, canDoWithout: words[3] == "yes")
  }

  /// The arguments of the verb `flags` that spell this situation.
  public var arguments: [Argument] {
    [
      .text(context.rawValue), .text(code.rawValue), .text(memory.rawValue),
      .text(canDoWithout ? "yes" : "no"),
    ]
  }
}
