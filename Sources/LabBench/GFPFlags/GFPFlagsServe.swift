import LabKit

/// Serves the rules of GFP flags; what the worker's generated main calls.
public func serve<Rules: GFPFlagRules>(_ rules: Rules.Type) -> Never {
  serve(driver: GFPFlagsDriver<Rules>.self)
}
