import AllocationTrace
import LabKit

/// Puts the questions of a trace to one instance of an implementation.
public struct GFPFlagsDriver<Rules: GFPFlagRules>: Driver {
  private let rules = Rules()

  public init() {}

  public mutating func perform(_ operation: TraceOperation) -> Outcome {
    let arguments = operation.arguments
    switch (GFPFlagsVerb(rawValue: operation.verb), arguments.first, arguments.count) {
    case (.value, .text(let name), 1):
      guard let type = GFPType(rawValue: name) else {
        return .refused("no type is called \(name)")
      }
      return number(rules.mask(of: type))
    case (.parse, .text(let text), 1):
      do throws(BadGFPText) {
        return number(try rules.parse(text))
      } catch {
        return .refused(Self.words(for: error))
      }
    case (.flags, _, 4):
      guard let situation = GFPSituation(arguments) else {
        return .refused("no such situation")
      }
      return number(rules.flags(for: situation))
    case (let verb?, .text(let text), 1...2):
      guard let bits = GFPHex.mask(text) else {
        return .refused("\(text) is not a mask: write 0x and hexadecimal digits")
      }
      return answer(verb, GFPMask(rawValue: bits), arguments.dropFirst().first)
        ?? malformed(operation)
    default:
      return malformed(operation)
    }
  }

  /// Answers a question about a mask; nil when the arguments do not suit the verb.
  private func answer(_ verb: GFPFlagsVerb, _ mask: GFPMask, _ second: Argument?) -> Outcome? {
    switch (verb, second) {
    case (.zoneModifiers, nil): return number(rules.zoneModifiers(of: mask))
    case (.actionModifiers, nil): return number(rules.actionModifiers(of: mask))
    case (.baseType, nil):
      return rules.baseType(of: mask).map { .text($0.rawValue) } ?? Outcome.none
    case (.sleeps, nil): return .truth(rules.maySleep(mask))
    case (.startsIO, nil): return .truth(rules.mayStartIO(mask))
    case (.entersFileSystem, nil): return .truth(rules.mayEnterFileSystem(mask))
    case (.zones, .text(let name)):
      guard let machine = GFPMachine.all.first(where: { $0.name == name }) else {
        return .refused("no machine is called \(name)")
      }
      return rules.zones(for: mask, on: machine).map { .numbers($0.map(\.rawValue)) }
        ?? Outcome.none
    case (.watermark, .number(let min)): return .number(rules.watermark(for: mask, min: min))
    case (.print, nil): return .text(rules.text(of: mask))
    default: return nil
    }
  }

  private func number(_ mask: GFPMask) -> Outcome { .number(Int(mask.rawValue)) }

  private func malformed(_ operation: TraceOperation) -> Outcome {
    .refused("verb \(operation.verb) does not take these arguments")
  }

  /// A refusal in the words of the lab.
  ///
  /// The texts that are asked about may be long, and a refusal may quote them: the start is enough.
  private static func words(for refusal: BadGFPText) -> String {
    switch refusal {
    case .emptyPart: "a part is empty"
    case .unknownName(let name): "no flag is called \(start(of: name))"
    case .badNumber(let number): "\(start(of: number)) is not a number"
    }
  }

  private static func start(of text: String) -> String {
    let start = text.unicodeScalars.prefix(200)
    return start.endIndex == text.unicodeScalars.endIndex ? text : String(start) + "…"
  }
}

/// A worker's life with a submission of the GFPFlags lab.
public func serve<Rules: GFPFlagRules>(_ type: Rules.Type) -> Never {
  serve(driver: GFPFlagsDriver<Rules>.self)
}
